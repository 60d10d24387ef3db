"""Sources that make pictures or sound out of nothing; endless ones need `duration` or a bound of the output.

The notation is described in `notation.py`.
"""

TABLE = """
color color|c=colour size|s=size rate|r=rate duration|d=time sar=ratio
nullsrc size|s=size rate|r=rate duration|d=time sar=ratio
anullsrc channel_layout|cl=layout sample_rate|r=int(1000,384000) nb_samples|n=int(1,65535) duration|d=time
testsrc size|s=size rate|r=rate duration|d=time sar=ratio decimals|n=int(0,17)
testsrc2 size|s=size rate|r=rate duration|d=time sar=ratio alpha=int(0,255)
smptebars size|s=size rate|r=rate duration|d=time sar=ratio
smptehdbars size|s=size rate|r=rate duration|d=time sar=ratio
rgbtestsrc size|s=size rate|r=rate duration|d=time sar=ratio complement|co=flag
yuvtestsrc size|s=size rate|r=rate duration|d=time sar=ratio
pal75bars size|s=size rate|r=rate duration|d=time sar=ratio
pal100bars size|s=size rate|r=rate duration|d=time sar=ratio
sine frequency|f=num(0,) beep_factor|b=num(0,) sample_rate|r=int(1000,384000) duration|d=time
    samples_per_frame=expr
anoisesrc sample_rate|r=int(1000,384000) amplitude|a=num(0,1) duration|d=time
    color|colour|c=int(0,5,white,pink,brown,blue,violet,velvet) seed|s=int(-1,4294967295)
    nb_samples|n=int(1,65536) density=num(0,1)
aevalsrc exprs=expr nb_samples|n=int(1,65536) sample_rate|s=int(8000,192000) duration|d=time
    channel_layout|c=layout
gradients size|s=size rate|r=rate c0=colour c1=colour c2=colour c3=colour c4=colour c5=colour c6=colour
    c7=colour x0=int(-1,) y0=int(-1,) x1=int(-1,) y1=int(-1,) nb_colors|n=int(2,8) seed=int(-1,4294967295)
    duration|d=time speed=num(0,1) type|t=int(0,4,linear,radial,circular,spiral,square)
mandelbrot size|s=size rate|r=rate maxiter=int(1,10000) start_x=num(-100,100) start_y=num(-100,100)
    start_scale=num(0,) end_scale=num(0,) end_pts=num(0,) bailout=num(0,) morphxf=num morphyf=num
    morphamp=num outer=int(0,,iteration_count,normalized_iteration_count,white,outz)
    inner=int(0,,black,period,convergence,mincol)
colorspectrum size|s=size rate|r=rate duration|d=time sar=ratio type=int(0,2,black,white,all)
colorchart rate|r=rate duration|d=time sar=ratio patch_size=size preset=int(0,1,reference,skintones)
allrgb rate|r=rate duration|d=time sar=ratio
allyuv rate|r=rate duration|d=time sar=ratio
sierpinski size|s=size rate|r=rate seed=int(-1,4294967295) jump=int(1,10000) type=int(0,1,carpet,triangle)
zoneplate size|s=size rate|r=rate duration|d=time sar=ratio precision=int(4,16) xo=int yo=int to=int
    k0=int kx=int ky=int kt=int kxt=int kyt=int kxy=int kx2=int ky2=int kt2=int ku=int kv=int
perlin size|s=size rate|r=rate octaves=int(1,16) persistence=num(0,) xscale=num(0,) yscale=num(0,)
    tscale=num(0,) random_mode=int(0,2,random,ken,seed) random_seed|seed=int(0,4294967295)
"""
