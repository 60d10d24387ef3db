"""Filters for loudness, dynamics and noise.

The notation is described in `notation.py`.
"""

TABLE = """
volume +enable volume=volume precision=int(0,2,fixed,float,double) eval=int(0,1,once,frame)
    replaygain=int(0,3,drop,ignore,track,album) replaygain_preamp=num(-15,15) replaygain_noclip=flag
loudnorm I|i=num(-70,-5) LRA|lra=num(1,50) TP|tp=num(-9,0) measured_I|measured_i=num(-99,0)
    measured_LRA|measured_lra=num(0,99) measured_TP|measured_tp=num(-99,99) measured_thresh=num(-99,0)
    offset=num(-99,99) linear=flag dual_mono=flag print_format=int(0,2,none,json,summary)
    stats_file=refused
dynaudnorm +enable framelen|f=int(10,8000) gausssize|g=int(3,301) peak|p=num(0,1) maxgain|m=num(1,100)
    targetrms|r=num(0,1) coupling|n=flag correctdc|c=flag altboundary|b=flag compress|s=num(0,30)
    threshold|t=num(0,1) channels|h=channels overlap|o=num(0,1) curve|v=numbers
speechnorm +enable peak|p=num(0,1) expansion|e=num(1,50) compression|c=num(1,50) threshold|t=num(0,1)
    raise|r=num(0,1) fall|f=num(0,1) channels|h=channels invert|i=flag link|l=flag rms|m=num(0,1)
acompressor level_in=num(0.015625,64) mode=int(0,1,downward,upward) threshold=num(0.000976563,1)
    ratio=num(1,20) attack=num(0.01,2000) release=num(0.01,9000) makeup=num(1,64) knee=num(1,8)
    link=int(0,1,average,maximum) detection=int(0,1,peak,rms) level_sc=num(0.015625,64) mix=num(0,1)
alimiter +enable level_in=num(0.015625,64) level_out=num(0.015625,64) limit=num(0.0625,1)
    attack=num(0.1,80) release=num(1,8000) asc=flag asc_level=num(0,1) level=flag latency=flag
agate +enable level_in=num(0.015625,64) mode=int(0,1,downward,upward) range=num(0,1) threshold=num(0,1)
    ratio=num(1,9000) attack=num(0.01,9000) release=num(0.01,9000) makeup=num(1,64) knee=num(1,8)
    detection=int(0,1,peak,rms) link=int(0,1,average,maximum) level_sc=num(0.015625,64)
compand attacks=numbers decays=numbers points=numbers soft-knee=num(0.01,900) gain=num(-900,900)
    volume=num(-900,0) delay=num(0,20)
sidechaincompress level_in=num(0.015625,64) mode=int(0,1,downward,upward) threshold=num(0.000976563,1)
    ratio=num(1,20) attack=num(0.01,2000) release=num(0.01,9000) makeup=num(1,64) knee=num(1,8)
    link=int(0,1,average,maximum) detection=int(0,1,peak,rms) level_sc=num(0.015625,64) mix=num(0,1)
sidechaingate +enable level_in=num(0.015625,64) mode=int(0,1,downward,upward) range=num(0,1)
    threshold=num(0,1) ratio=num(1,9000) attack=num(0.01,9000) release=num(0.01,9000) makeup=num(1,64)
    knee=num(1,8) detection=int(0,1,peak,rms) link=int(0,1,average,maximum) level_sc=num(0.015625,64)
silenceremove +enable start_periods=int(0,9000) start_duration=time start_threshold=num(0,)
    start_silence=time start_mode=int(0,1,any,all) stop_periods=int(-9000,9000) stop_duration=time
    stop_threshold=num(0,) stop_silence=time stop_mode=int(0,1,any,all)
    detection=int(0,5,avg,rms,peak,median,ptp,dev) window=time timestamp=int(0,1,write,copy)
silencedetect n|noise=num(0,) d|duration=time mono|m=flag
volumedetect
ebur128 video=flag size=size meter=int(9,18) framelog=int(,,quiet,info,verbose) metadata=flag
    peak=flags(none,sample,true) dualmono=flag panlaw=num(-10,0) target=int(-23,0)
    gauge=int(0,1,momentary,m,shortterm,s) scale=int(0,1,absolute,LUFS,relative,LU) integrated=num
    range=num lra_low=num lra_high=num sample_peak=num true_peak=num
astats length=num(0,10) metadata=flag reset=int(0,) measure_perchannel=measures measure_overall=measures
deesser +enable i=num(0,1) m=num(0,1) f=num(0,1) s=int(0,2,i,o,e)
acontrast contrast=num(0,100)
crystalizer +enable i=num(-10,10) c=flag
dialoguenhance +enable original=num(0,1) enhance=num(0,3) voice=num(2,32)
adeclick +enable window|w=num(10,100) overlap|o=num(50,95) arorder|a=num(0,25) threshold|t=num(1,100)
    burst|b=num(0,10) method|m=int(0,1,add,a,save,s)
adeclip +enable window|w=num(10,100) overlap|o=num(50,95) arorder|a=num(0,25) threshold|t=num(1,100)
    hsize|n=int(100,9999) method|m=int(0,1,add,a,save,s)
afftdn +enable noise_reduction|nr=num(0.01,97) noise_floor|nf=num(-80,-20)
    noise_type|nt=int(0,3,white,w,vinyl,v,shellac,s,custom,c) band_noise|bn=numbers
    residual_floor|rf=num(-80,-20) track_noise|tn=flag track_residual|tr=flag
    output_mode|om=int(0,2,input,i,output,o,noise,n) adaptivity|ad=num(0,1) floor_offset|fo=num(-2,2)
    noise_link|nl=int(0,3,none,min,max,average) band_multiplier|bm=num(0.2,5)
    sample_noise|sn=int(0,2,none,start,begin,stop,end) gain_smooth|gs=int(0,50)
anlmdn +enable strength|s=num(1e-05,10000) patch|p=time research|r=time output|o=int(0,2,i,o,n)
    smooth|m=num(1,1000)
"""
