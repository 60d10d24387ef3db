"""Filters for tone and effects.

The notation is described in `notation.py`.
"""

TABLE = """
highpass +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    poles|p=int(1,2) mix|m=num(0,1) channels|c=channels normalize|n=flag
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
    blocksize|b=int(0,32768)
lowpass +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    poles|p=int(1,2) mix|m=num(0,1) channels|c=channels normalize|n=flag
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
    blocksize|b=int(0,32768)
bandpass +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999) csg=flag
    mix|m=num(0,1) channels|c=channels normalize|n=flag transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf)
    precision|r=int(-1,3,auto,s16,s32,f32,f64) blocksize|b=int(0,32768)
bandreject +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    mix|m=num(0,1) channels|c=channels normalize|n=flag transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf)
    precision|r=int(-1,3,auto,s16,s32,f32,f64) blocksize|b=int(0,32768)
equalizer +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    gain|g=num(-900,900) mix|m=num(0,1) channels|c=channels normalize|n=flag
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
    blocksize|b=int(0,32768)
bass +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    gain|g=num(-900,900) poles|p=int(1,2) mix|m=num(0,1) channels|c=channels normalize|n=flag
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
    blocksize|b=int(0,32768)
treble +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    gain|g=num(-900,900) poles|p=int(1,2) mix|m=num(0,1) channels|c=channels normalize|n=flag
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
    blocksize|b=int(0,32768)
lowshelf +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    gain|g=num(-900,900) poles|p=int(1,2) mix|m=num(0,1) channels|c=channels normalize|n=flag
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
    blocksize|b=int(0,32768)
highshelf +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    gain|g=num(-900,900) poles|p=int(1,2) mix|m=num(0,1) channels|c=channels normalize|n=flag
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
    blocksize|b=int(0,32768)
allpass +enable frequency|f=num(0,999999) width_type|t=int(1,5,h,q,o,s,k) width|w=num(0,99999)
    mix|m=num(0,1) channels|c=channels normalize|n=flag order|o=int(1,2)
    transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf) precision|r=int(-1,3,auto,s16,s32,f32,f64)
biquad +enable a0=num a1=num a2=num b0=num b1=num b2=num mix|m=num(0,1) channels|c=channels
    normalize|n=flag transform|a=int(0,6,di,dii,tdi,tdii,latt,svf,zdf)
    precision|r=int(-1,3,auto,s16,s32,f32,f64) blocksize|b=int(0,32768)
superequalizer 1b=num(0,20) 2b=num(0,20) 3b=num(0,20) 4b=num(0,20) 5b=num(0,20) 6b=num(0,20) 7b=num(0,20)
    8b=num(0,20) 9b=num(0,20) 10b=num(0,20) 11b=num(0,20) 12b=num(0,20) 13b=num(0,20) 14b=num(0,20)
    15b=num(0,20) 16b=num(0,20) 17b=num(0,20) 18b=num(0,20)
firequalizer gain=expr gain_entry=expr delay=num(0,10) accuracy=num(0.1,1000)
    wfunc=int(0,9,rectangular,hann,hamming,blackman,nuttall3,mnuttall3,nuttall,bnuttall,bharris,tukey)
    fixed=flag multi=flag zero_phase=flag scale=int(0,3,linlin,linlog,loglin,loglog) dumpfile=refused
    dumpscale=int(0,3,linlin,linlog,loglin,loglog) fft2=flag min_phase=flag
anequalizer +enable params=equalizer curves=flag size=size mgain=num(-900,900) fscale=int(0,1,lin,log)
    colors=colours
aecho in_gain=num(0,1) out_gain=num(0,1) delays=numbers decays=numbers
chorus in_gain=num(0,1) out_gain=num(0,1) delays=numbers decays=numbers speeds=numbers depths=numbers
flanger delay=num(0,30) depth=num(0,10) regen=num(-95,95) width=num(0,100) speed=num(0.1,10)
    shape=int(0,1,triangular,t,sinusoidal,s) phase=num(0,100) interp=int(0,1,linear,quadratic)
aphaser in_gain=num(0,1) out_gain=num(0,) delay=num(0,5) decay=num(0,0.99) speed=num(0.1,2)
    type=int(0,1,triangular,t,sinusoidal,s)
tremolo +enable f=num(0.1,20000) d=num(0,1)
vibrato +enable f=num(0.1,20000) d=num(0,1)
acrusher +enable level_in=num(0.015625,64) level_out=num(0.015625,64) bits=num(1,64) mix=num(0,1)
    mode=int(0,1,lin,log) dc=num(0.25,4) aa=num(0,1) samples=num(1,250) lfo=flag lforange=num(1,250)
    lforate=num(0.01,200)
aexciter +enable level_in=num(0,64) level_out=num(0,64) amount=num(0,64) drive=num(0.1,10)
    blend=num(-10,10) freq=num(2000,12000) ceil=num(9999,20000) listen=flag
asubboost +enable dry=num(0,1) wet=num(0,1) boost=num(1,12) decay=num(0,1) feedback=num(0,1)
    cutoff=num(50,900) slope=num(0.0001,1) delay=num(1,100) channels=channels
virtualbass +enable cutoff=num(100,500) strength=num(0.5,3)
afreqshift +enable shift=num(-2147480000,) level=num(0,1) order=int(1,16)
apulsator level_in=num(0.015625,64) level_out=num(0.015625,64)
    mode=int(0,4,sine,triangle,square,sawup,sawdown) amount=num(0,1) offset_l=num(0,1) offset_r=num(0,1)
    width=num(0,2) timing=int(0,2,bpm,ms,hz) bpm=num(30,300) ms=int(10,2000) hz=num(0.01,100)
"""
