"""Filters that choose, delay, repeat or join sound.

The notation is described in `notation.py`.
"""

TABLE = """
atrim start|starti=time end|endi=time start_pts=int end_pts=int duration|durationi=time
    start_sample=int(-1,) end_sample=int(0,)
asetpts expr=expr
afade +enable type|t=int(0,1,in,out) start_sample|ss=int(0,) nb_samples|ns=int(1,) start_time|st=time
    duration|d=time curve|c=fade_curve silence=num(0,1) unity=num(0,1)
acrossfade inputs|n=int(2,20) nb_samples|ns=int(1,28800000) duration|d=time overlap|o=flag
    curve1|c1=fade_curve curve2|c2=fade_curve
adelay +enable delays=delays all=flag
apad +enable packet_size=int(1,65536) pad_len=int(-1,691200000) whole_len=int(-1,8294400000) pad_dur=time
    whole_dur=time
atempo tempo=num(0.5,100)
rubberband tempo=num(0.25,4) pitch=num(0.01,100) transients=int(0,,crisp,mixed,smooth)
    detector=int(0,,compound,percussive,soft) phase=int(0,,laminar,independent)
    window=int(0,,standard,short,long) smoothing=int(0,,off,on) formant=int(0,,shifted,preserved)
    pitchq=int(0,,quality,speed,consistency) channels=int(0,,apart,together)
areverse
aloop loop=int(-1,100000) size=int(0,28800000) start=int(-1,) time=time
asetrate sample_rate|r=int(1000,768000)
asettb expr|tb=expr
asetnsamples +enable nb_out_samples|n=int(1,1048576) pad|p=flag
aselect expr|e=expr outputs|n=int(1,20)
anull
acopy
anullsink
asplit outputs=int(1,20)
"""
