"""Filters that choose, drop, repeat or time pictures.

The notation is described in `notation.py`.
"""

TABLE = """
trim start|starti=time end|endi=time start_pts=int end_pts=int duration|durationi=time
    start_frame=int(-1,) end_frame=int(0,)
setpts expr=expr strip_fps=flag
fps fps=rate start_time=num round=int(0,5,zero,inf,down,up,near) eof_action=int(0,1,round,pass)
framerate fps=rate interp_start=int(0,255) interp_end=int(0,255) scene=num(0,100)
    flags=flags(scene_change_detect,scd)
minterpolate fps=rate mi_mode=int(0,2,dup,blend,mci) mc_mode=int(0,1,obmc,aobmc)
    me_mode=int(0,1,bidir,bilat) me=int(1,9,esa,tss,tdls,ntss,fss,ds,hexbs,epzs,umh) mb_size=int(4,16)
    search_param=int(4,64) vsbmc=int(0,1) scd=int(0,1,none,fdiff) scd_threshold=num(0,100)
select expr|e=expr outputs|n=int(1,20)
thumbnail +enable n=int(2,1000) log=int(,,quiet,info,verbose)
loop loop=int(-1,100000) size=int(0,3000) start=int(-1,10000000) time=time
tpad start=int(0,36000) stop=int(-1,36000) start_mode=int(0,1,add,clone) stop_mode=int(0,1,add,clone)
    start_duration=time stop_duration=time color=colour
reverse
freezeframes first=int(0,10000000) last=int(0,10000000) replace=int(0,10000000)
settb expr|tb=expr
mpdecimate max=int keep=int(0,) hi=int lo=int frac=num(0,1)
decimate cycle=int(2,25) dupthresh=num(0,100) scthresh=num(0,100) blockx=int(4,512) blocky=int(4,512)
    ppsrc=flag chroma=flag mixed=flag
framestep +enable step=int(1,100000)
setfield mode=int(-1,2,auto,bff,tff,prog)
telecine first_field=int(0,1,top,t,bottom,b) pattern=numbers
pullup jl=int(0,) jr=int(0,) jt=int(1,) jb=int(1,) sb=flag mp=int(0,2,y,u,v)
fieldmatch order=int(-1,1,auto,bff,tff) mode=int(0,5,pc,pc_n,pc_u,pc_n_ub,pcn,pcn_ub) ppsrc=flag
    field=int(-1,1,auto,bottom,top) mchroma=flag y0=int(0,) y1=int(0,) scthresh=num(0,100)
    combmatch=int(0,2,none,sc,full) combdbg=int(0,2,none,pcn,pcnub) cthresh=int(-1,255) chroma=flag
    blockx=int(4,512) blocky=int(4,512) combpel=int(0,)
dejudder cycle=int(2,240)
shuffleframes +enable mapping=numbers
"""
