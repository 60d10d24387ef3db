"""Filters that change colours, ranges and pixel formats.

The notation is described in `notation.py`.
"""

TABLE = """
eq +enable contrast=expr brightness=expr saturation=expr gamma=expr gamma_r=expr gamma_g=expr gamma_b=expr
    gamma_weight=expr eval=int(0,1,init,frame)
hue +enable h=expr s=expr H=expr b=expr
curves +enable
    preset=int(0,10,none,color_negative,cross_process,darker,increase_contrast,lighter,
    ~linear_contrast,medium_contrast,negative,strong_contrast,vintage) master|m=numbers red|r=numbers
    green|g=numbers blue|b=numbers all=numbers psfile=refused plot=refused interp=int(0,1,natural,pchip)
colorbalance +enable rs=num(-1,1) gs=num(-1,1) bs=num(-1,1) rm=num(-1,1) gm=num(-1,1) bm=num(-1,1)
    rh=num(-1,1) gh=num(-1,1) bh=num(-1,1) pl=flag
colorchannelmixer +enable rr=num(-2,2) rg=num(-2,2) rb=num(-2,2) ra=num(-2,2) gr=num(-2,2) gg=num(-2,2)
    gb=num(-2,2) ga=num(-2,2) br=num(-2,2) bg=num(-2,2) bb=num(-2,2) ba=num(-2,2) ar=num(-2,2)
    ag=num(-2,2) ab=num(-2,2) aa=num(-2,2) pc=int(0,6,none,lum,max,avg,sum,nrm,pwr) pa=num(0,1)
colorspace +enable all=colorspace_set
    space=int(0,17,bt709,fcc,bt470bg,smpte170m,smpte240m,ycgco,gbr,bt2020nc,bt2020ncl)
    range=int(0,2,tv,mpeg,pc,jpeg) primaries=colorspace_primaries trc=colorspace_transfer
    format=int(-1,161,yuv420p,yuv420p10,yuv420p12,yuv422p,yuv422p10,yuv422p12,yuv444p,yuv444p10,
    ~yuv444p12) fast=flag dither=int(0,1,none,fsb) wpadapt=int(0,2,bradford,vonkries,identity)
    clipgamut=int(0,1,none,rgb) iall=colorspace_set
    ispace=int(0,22,bt709,fcc,bt470bg,smpte170m,smpte240m,ycgco,gbr,bt2020nc,bt2020ncl)
    irange=int(0,2,tv,mpeg,pc,jpeg) iprimaries=colorspace_primaries itrc=colorspace_transfer
colormatrix +enable src=colormatrix_matrix dst=colormatrix_matrix
colorlevels +enable rimin=num(-1,1) gimin=num(-1,1) bimin=num(-1,1) aimin=num(-1,1) rimax=num(-1,1)
    gimax=num(-1,1) bimax=num(-1,1) aimax=num(-1,1) romin=num(0,1) gomin=num(0,1) bomin=num(0,1)
    aomin=num(0,1) romax=num(0,1) gomax=num(0,1) bomax=num(0,1) aomax=num(0,1)
    preserve=int(0,6,none,lum,max,avg,sum,nrm,pwr)
colorcontrast +enable rc=num(-1,1) gm=num(-1,1) by=num(-1,1) rcw=num(0,1) gmw=num(0,1) byw=num(0,1)
    pl=num(0,1)
colorcorrect +enable rl=num(-1,1) bl=num(-1,1) rh=num(-1,1) bh=num(-1,1) saturation=num(-3,3)
    analyze=int(0,3,manual,average,minmax,median)
colorhold +enable color=colour similarity=num(1e-05,1) blend=num(0,1)
colorize +enable hue=num(0,360) saturation=num(0,1) lightness=num(0,1) mix=num(0,1)
colortemperature +enable temperature=num(1000,40000) mix=num(0,1) pl=num(0,1)
huesaturation +enable hue=num(-180,180) saturation=num(-1,1) intensity=num(-1,1)
    colors=flags(r,y,g,c,b,m,a) strength=num(0,100) rw=num(0,1) gw=num(0,1) bw=num(0,1) lightness=flag
tonemap tonemap=int(0,6,none,linear,gamma,clip,reinhard,hable,mobius) param=num(0,) desat=num(0,)
    peak=num(0,)
zscale w|width=size_expr h|height=size_expr size|s=size
    dither|d=int(0,3,none,ordered,random,error_diffusion)
    filter|f=int(0,6,point,bilinear,bicubic,spline16,spline36,spline64,lanczos)
    out_range|range|r=zscale_range primaries|p=zscale_primaries transfer|t=zscale_transfer
    matrix|m=zscale_matrix in_range|rangein|rin=zscale_range primariesin|pin=zscale_primaries
    transferin|tin=zscale_transfer matrixin|min=zscale_matrix chromal|c=zscale_chroma
    chromalin|cin=zscale_chroma npl=num(0,) agamma=flag param_a=num param_b=num
lut3d +enable file=lut clut=int(0,1,first,all) interp=lut_interpolation
lut1d +enable file=lut interp=int(0,4,nearest,linear,cosine,cubic,spline)
haldclut +enable +sync clut=int(0,1,first,all) interp=lut_interpolation
setparams field_mode=int(-1,2,auto,bff,tff,prog) range=picture_range
    color_primaries=int(-1,256,auto,bt709,unknown,bt470m,bt470bg,smpte170m,smpte240m,film,bt2020,
    ~smpte428,smpte431,smpte432,jedec-p22,ebu3213,vgamut)
    color_trc=int(-1,256,auto,bt709,unknown,bt470m,bt470bg,smpte170m,smpte240m,linear,log100,log316,
    ~iec61966-2-4,bt1361e,iec61966-2-1,bt2020-10,bt2020-12,smpte2084,smpte428,arib-std-b67,vlog)
    colorspace=int(-1,17,auto,gbr,bt709,unknown,fcc,bt470bg,smpte170m,smpte240m,ycgco,ycgco-re,
    ~ycgco-ro,bt2020nc,bt2020c,smpte2085,chroma-derived-nc,chroma-derived-c,ictcp,ipt-c2)
    chroma_location=int(-1,6,auto,unspecified,unknown,left,center,topleft,top,bottomleft,bottom)
    alpha_mode=int(-1,2,auto,unspecified,unknown,premultiplied,straight)
setrange range=picture_range
vibrance +enable intensity=num(-2,2) rbal=num(-10,10) gbal=num(-10,10) bbal=num(-10,10) rlum=num(0,1)
    glum=num(0,1) blum=num(0,1) alternate=flag
negate +enable components=flags(y,u,v,r,g,b,a) negate_alpha=flag
lut +enable c0=expr c1=expr c2=expr c3=expr y=expr u=expr v=expr r=expr g=expr b=expr a=expr
lutrgb +enable c0=expr c1=expr c2=expr c3=expr y=expr u=expr v=expr r=expr g=expr b=expr a=expr
lutyuv +enable c0=expr c1=expr c2=expr c3=expr y=expr u=expr v=expr r=expr g=expr b=expr a=expr
geq +enable lum_expr|lum=expr cb_expr|cb=expr cr_expr|cr=expr alpha_expr|a=expr red_expr|r=expr
    green_expr|g=expr blue_expr|b=expr interpolation|i=int(0,1,nearest,n,bilinear,b)
exposure +enable exposure=num(-3,3) black=num(-1,1)
grayworld +enable
greyedge +enable difford=int(0,2) minknorm=int(0,20) sigma=num(0,1024)
histeq +enable strength=num(0,1) intensity=num(0,1) antibanding=int(0,2,none,weak,strong)
normalize +enable blackpt=colour whitept=colour smoothing=int(0,300) independence=num(0,1)
    strength=num(0,1)
monochrome +enable cb=num(-1,1) cr=num(-1,1) size=num(0.1,10) high=num(0,1)
selectivecolor +enable correction_method=int(0,1,absolute,relative) reds=numbers yellows=numbers
    greens=numbers cyans=numbers blues=numbers magentas=numbers whites=numbers neutrals=numbers
    blacks=numbers psfile=refused
pseudocolor +enable c0=expr c1=expr c2=expr c3=expr index|i=int(0,3)
    preset|p=int(-1,20,none,magma,inferno,plasma,viridis,turbo,cividis,range1,range2,shadows,
    ~highlights,solar,nominal,preferred,total,spectral,cool,heat,fiery,blues,green,helix) opacity=num(0,1)
limiter +enable min=int(0,65535) max=int(0,65535) planes=int(0,15)
elbg codebook_length|l=int(1,65536) nb_steps|n=int(1,10) seed|s=int(-1,4294967295) pal8=flag
    use_alpha=flag
"""
