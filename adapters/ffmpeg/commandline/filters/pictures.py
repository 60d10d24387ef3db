"""Filters that draw sound or statistics as pictures.

The notation is described in `notation.py`.
"""

TABLE = """
showwavespic size|s=size split_channels=flag colors=colours scale=int(0,3,lin,log,sqrt,cbrt)
    draw=int(0,1,scale,full) filter=int(0,1,average,peak)
showwaves size|s=size mode=int(0,3,point,line,p2p,cline) n=ratio rate|r=rate split_channels=flag
    colors=colours scale=int(0,3,lin,log,sqrt,cbrt) draw=int(0,1,scale,full)
showspectrumpic size|s=size mode=int(0,1,combined,separate) color=spectrum_colour
    scale=int(0,5,lin,sqrt,cbrt,log,4thrt,5thrt) fscale=int(0,1,lin,log) saturation=num(-10,10)
    win_func=window orientation=int(0,1,vertical,horizontal) gain=num(0,128) legend=flag
    rotation=num(-1,1) start=int(0,) stop=int(0,) drange=num(10,200) limit=num(-100,100) opacity=num(0,10)
showspectrum size|s=size slide=int(0,4,replace,scroll,fullframe,rscroll,lreplace)
    mode=int(0,1,combined,separate) color=spectrum_colour scale=int(0,5,lin,sqrt,cbrt,log,4thrt,5thrt)
    fscale=int(0,1,lin,log) saturation=num(-10,10) win_func=window
    orientation=int(0,1,vertical,horizontal) overlap=num(0,1) gain=num(0,128)
    data=int(0,2,magnitude,phase,uphase) rotation=num(-1,1) start=int(0,) stop=int(0,) fps=rate
    legend=flag drange=num(10,200) limit=num(-100,100) opacity=num(0,10)
showfreqs size|s=size rate|r=rate mode=int(0,2,line,bar,dot) ascale=int(0,3,lin,sqrt,cbrt,log)
    fscale=int(0,2,lin,log,rlog) win_size=int(16,65536) win_func=window overlap=num(0,1) averaging=int(0,)
    colors=colours cmode=int(0,1,combined,separate) minamp=num(0,1e-06)
    data=int(0,2,magnitude,phase,delay) channels=channels
showvolume rate|r=rate b=int(0,5) w=int(80,8192) h=int(1,900) f=num(0,1) c=expr t=flag v=flag
    dm=num(0,9000) dmc=colour o=int(0,1,h,v) s=int(0,5) p=num(0,1) m=int(0,1,p,r) ds=int(0,1,lin,log)
showcqt size|s=size fps|rate|r=rate bar_h=int(-1,) axis_h=int(-1,) sono_h=int(-1,) fullhd=flag
    sono_v|volume=expr bar_v|volume2=expr sono_g|gamma=num(1,7) bar_g|gamma2=num(1,7) bar_t=num(0,1)
    timeclamp|tc=num(0.002,1) attack=num(0,1) basefreq=num(10,100000) endfreq=num(10,100000)
    coeffclamp=num(0.1,10) tlength=expr count=int(1,30) fcount=int(0,10) fontfile=refused font=refused
    fontcolor=refused axisfile=refused axis|text=flag
    csp=int(0,,unspecified,bt709,fcc,bt470bg,smpte170m,smpte240m,bt2020ncl) cscheme=numbers
avectorscope mode|m=int(0,2,lissajous,lissajous_xy,polar) rate|r=rate size|s=size rc=int(0,255)
    gc=int(0,255) bc=int(0,255) ac=int(0,255) rf=int(0,255) gf=int(0,255) bf=int(0,255) af=int(0,255)
    zoom=num(0,10) draw=int(0,2,dot,line,aaline) scale=int(0,3,lin,sqrt,cbrt,log) swap=flag
    mirror=int(0,3,none,x,y,xy)
a3dscope rate|r=rate size|s=size fov=num(40,150) roll=num(-180,180) pitch=num(-180,180) yaw=num(-180,180)
    xzoom=num(0.01,10) yzoom=num(0.01,10) zzoom=num(0.01,10) xpos=num(-60,60) ypos=num(-60,60)
    zpos=num(-60,60) length=int(1,60)
ahistogram dmode=int(0,1,single,separate) rate|r=rate size|s=size scale=int(0,4,log,sqrt,cbrt,lin,rlog)
    ascale=int(0,1,log,lin) acount=int(-1,100) rheight=num(0,1) slide=int(0,1,replace,scroll)
    hmode=int(0,1,abs,sign)
aphasemeter rate|r=rate size|s=size rc=int(0,255) gc=int(0,255) bc=int(0,255) mpc=colour video=flag
    phasing=flag tolerance|t=num(0,1) angle|a=num(90,180) duration|d=time
waveform mode|m=int(0,1,row,column) intensity|i=num(0,1) mirror|r=flag
    display|d=int(0,2,overlay,stack,parade) components|c=int(1,15)
    envelope|e=int(0,3,none,instant,peak,peak+instant)
    filter|f=int(0,7,lowpass,flat,aflat,chroma,color,acolor,xflat,yflat)
    graticule|g=int(0,3,none,green,orange,invert) opacity|o=num(0,1) flags|fl=flags(numbers,dots)
    scale|s=int(0,2,digital,millivolts,ire) bgopacity|b=num(0,1) tint0|t0=num(-1,1) tint1|t1=num(-1,1)
    fitmode|fm=int(0,1,none,size) input=int(0,1,all,first)
vectorscope mode|m=int(0,5,gray,tint,color,color2,color3,color4,color5) x=int(0,2) y=int(0,2)
    intensity|i=num(0,1) envelope|e=int(0,3,none,instant,peak,peak+instant)
    graticule|g=int(0,3,none,green,color,invert) opacity|o=num(0,1) flags|f=flags(white,black,name)
    bgopacity|b=num(0,1) lthreshold|l=num(0,1) hthreshold|h=num(0,1) colorspace|c=int(0,2,auto,601,709)
    tint0|t0=num(-1,1) tint1|t1=num(-1,1)
histogram level_height=int(50,2048) scale_height=int(0,40) display_mode|d=int(0,2,overlay,parade,stack)
    levels_mode|m=int(0,1,linear,logarithmic) components|c=int(1,15) fgopacity|f=num(0,1)
    bgopacity|b=num(0,1)
    colors_mode|l=int(0,9,whiteonblack,blackonwhite,whiteongray,blackongray,coloronblack,coloronwhite,
    ~colorongray,blackoncolor,whiteoncolor,grayoncolor)
"""
