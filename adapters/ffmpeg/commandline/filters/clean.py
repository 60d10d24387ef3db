"""Filters that repair, sharpen, soften and measure pictures.

The notation is described in `notation.py`.
"""

TABLE = """
yadif +enable mode=int(0,3,send_frame,send_field,send_frame_nospatial,send_field_nospatial)
    parity=int(-1,1,tff,bff,auto) deint=int(0,1,all,interlaced)
bwdif +enable mode=int(0,1,send_frame,send_field) parity=int(-1,1,tff,bff,auto)
    deint=int(0,1,all,interlaced)
w3fdif +enable filter=int(0,1,simple,complex) mode=int(0,1,frame,field) parity=int(-1,1,tff,bff,auto)
    deint=int(0,1,all,interlaced)
idet intl_thres=num(-1,) prog_thres=num(-1,) rep_thres=num(-1,) half_life=num(-1,)
    analyze_interlaced_flag=int(0,)
fieldorder +enable order=int(0,1,bff,tff)
separatefields
weave first_field=int(0,1,top,t,bottom,b)
interlace scan=int(0,1,tff,bff) lowpass=int(0,2,off,linear,complex)
tinterlace mode=int(0,7,merge,drop_even,drop_odd,pad,interleave_top,interleave_bottom,interlacex2,mergex2)
kerndeint thresh=int(0,255) map=flag order=flag sharp=flag twoway=flag
hqdn3d +enable luma_spatial=num(0,) chroma_spatial=num(0,) luma_tmp=num(0,) chroma_tmp=num(0,)
nlmeans +enable s=num(1,30) p=int(0,31) pc=int(0,31) r=int(0,31) rc=int(0,31)
atadenoise +enable 0a=num(0,0.3) 0b=num(0,5) 1a=num(0,0.3) 1b=num(0,5) 2a=num(0,0.3) 2b=num(0,5)
    s=int(5,129) p=int(0,15) a=int(0,1,p,s) 0s=num(0,32767) 1s=num(0,32767) 2s=num(0,32767)
bm3d +enable sigma=num(0,99999.9) block=int(8,64) bstep=int(1,64) group=int(1,256) range=int(1,64)
    mstep=int(1,64) thmse=num(0,) hdthr=num(0,) estim=int(0,1,basic,final) ref=flag planes=int(0,15)
dctdnoiz +enable sigma|s=num(0,999) overlap=int(-1,15) expr|e=expr n=int(3,4)
fftdnoiz +enable sigma=num(0,100) amount=num(0.01,1) block=int(8,256) overlap=num(0.2,0.8)
    method=int(0,1,wiener,hard) prev=int(0,1) next=int(0,1) planes=int(0,15) window=window
owdenoise +enable depth=int(8,16) luma_strength|ls=num(0,1000) chroma_strength|cs=num(0,1000)
vaguedenoiser +enable threshold=num(0,) method=int(0,2,hard,soft,garrote) nsteps=int(1,32)
    percent=num(0,100) planes=int(0,15) type=int(0,1,universal,bayes)
removegrain +enable m0=int(0,24) m1=int(0,24) m2=int(0,24) m3=int(0,24)
unsharp +enable luma_msize_x|lx=int(3,23) luma_msize_y|ly=int(3,23) luma_amount|la=num(-2,5)
    chroma_msize_x|cx=int(3,23) chroma_msize_y|cy=int(3,23) chroma_amount|ca=num(-2,5)
    alpha_msize_x|ax=int(3,23) alpha_msize_y|ay=int(3,23) alpha_amount|aa=num(-2,5)
cas +enable strength=num(0,1) planes=int(0,15)
gblur +enable sigma=num(0,1024) steps=int(1,6) planes=int(0,15) sigmaV=num(-1,1024)
boxblur +enable luma_radius|lr=expr luma_power|lp=int(0,100) chroma_radius|cr=expr
    chroma_power|cp=int(-1,100) alpha_radius|ar=expr alpha_power|ap=int(-1,100)
avgblur +enable sizeX=int(1,256) planes=int(0,15) sizeY=int(0,256)
bilateral +enable sigmaS=num(0,512) sigmaR=num(0,1) planes=int(0,15)
smartblur +enable luma_radius|lr=num(0.1,5) luma_strength|ls=num(-1,1) luma_threshold|lt=int(-30,30)
    chroma_radius|cr=num(-0.9,5) chroma_strength|cs=num(-2,1) chroma_threshold|ct=int(-31,30)
    alpha_radius|ar=num(-0.9,5) alpha_strength|as=num(-2,1) alpha_threshold|at=int(-31,30)
sab +enable luma_radius|lr=num(0.1,4) luma_pre_filter_radius|lpfr=num(0.1,2) luma_strength|ls=num(0.1,100)
    chroma_radius|cr=num(-0.9,4) chroma_pre_filter_radius|cpfr=num(-0.9,2)
    chroma_strength|cs=num(-0.9,100)
dblur +enable angle=num(0,360) radius=num(0,1024) planes=int(0,15)
median +enable radius=int(1,31) planes=int(0,15) radiusV=int(0,127) percentile=num(0,1)
deband +enable 1thr=num(3e-05,0.5) 2thr=num(3e-05,0.5) 3thr=num(3e-05,0.5) 4thr=num(3e-05,0.5) range|r=int
    direction|d=num(-6.28319,6.28319) blur|b=flag coupling|c=flag
gradfun +enable strength=num(0.51,64) radius=int(4,32)
deflicker size|s=int(2,129) mode|m=int(0,6,am,gm,hm,qm,cm,pm,median) bypass=flag
delogo +enable x=expr y=expr w=expr h=expr show=flag
deblock +enable filter=int(0,1,weak,strong) block=int(4,512) alpha=num(0,1) beta=num(0,1) gamma=num(0,1)
    delta=num(0,1) planes=int(0,15)
vignette +enable angle|a=expr x0=expr y0=expr mode=int(0,1,forward,backward) eval=int(0,1,init,frame)
    dither=flag aspect=ratio
cropdetect +enable limit=num(0,65535) round=int(0,) reset=int(0,) skip=int(0,) reset_count=int(0,)
    max_outliers=int(0,) mode=int(0,1,black,mvedges) high=num(0,1) low=num(0,1) mv_threshold=int(0,100)
blackdetect d|black_min_duration=num(0,) picture_black_ratio_th|pic_th=num(0,1)
    pixel_black_th|pix_th=num(0,1) alpha=flag
blackframe amount=int(0,100) threshold|thresh=int(0,255)
freezedetect n|noise=num(0,1) d|duration=time
scdet threshold|t=num(0,100) sc_pass|s=flag
deshake x=int(-1,) y=int(-1,) w=int(-1,) h=int(-1,) rx=int(0,64) ry=int(0,64)
    edge=int(0,3,blank,original,clamp,mirror) blocksize=int(4,128) contrast=int(1,255)
    search=int(0,1,exhaustive,less) filename=refused opencl=flag
edgedetect +enable high=num(0,1) low=num(0,1) mode=int(0,2,wires,colormix,canny) planes=flags(y,u,v,r,g,b)
convolution +enable 0m=numbers 1m=numbers 2m=numbers 3m=numbers 0rdiv=num(0,) 1rdiv=num(0,) 2rdiv=num(0,)
    3rdiv=num(0,) 0bias=num(0,) 1bias=num(0,) 2bias=num(0,) 3bias=num(0,) 0mode=int(0,2,square,row,column)
    1mode=int(0,2,square,row,column) 2mode=int(0,2,square,row,column) 3mode=int(0,2,square,row,column)
noise +enable all_seed=int(-1,) all_strength|alls=int(0,100) all_flags|allf=flags(a,p,t,u)
    c0_seed=int(-1,) c0_strength|c0s=int(0,100) c0_flags|c0f=flags(a,p,t,u) c1_seed=int(-1,)
    c1_strength|c1s=int(0,100) c1_flags|c1f=flags(a,p,t,u) c2_seed=int(-1,) c2_strength|c2s=int(0,100)
    c2_flags|c2f=flags(a,p,t,u) c3_seed=int(-1,) c3_strength|c3s=int(0,100) c3_flags|c3f=flags(a,p,t,u)
dedot +enable m=flags(dotcrawl,rainbows) lt=num(0,1) tl=num(0,1) tc=num(0,1) ct=num(0,1)
chromanr +enable thres=num(1,200) sizew=int(1,100) sizeh=int(1,100) stepw=int(1,50) steph=int(1,50)
    threy=num(1,200) threu=num(1,200) threv=num(1,200) distance=int(0,1,manhattan,euclidean)
chromashift +enable cbh=int(-255,255) cbv=int(-255,255) crh=int(-255,255) crv=int(-255,255)
    edge=int(0,1,smear,wrap)
rgbashift +enable rh=int(-255,255) rv=int(-255,255) gh=int(-255,255) gv=int(-255,255) bh=int(-255,255)
    bv=int(-255,255) ah=int(-255,255) av=int(-255,255) edge=int(0,1,smear,wrap)
lagfun +enable decay=num(0,1) planes=int(0,15)
photosensitivity frames|f=int(2,240) threshold|t=num(0.1,) skip=int(1,1024) bypass=flag
amplify +enable radius=int(1,63) factor=num(0,65535) threshold=num(0,65535) tolerance=num(0,65535)
    low=num(0,65535) high=num(0,65535) planes=int(0,15)
bbox +enable min_val=int(0,65535)
erosion +enable coordinates=int(0,255) threshold0=int(0,65535) threshold1=int(0,65535)
    threshold2=int(0,65535) threshold3=int(0,65535)
dilation +enable coordinates=int(0,255) threshold0=int(0,65535) threshold1=int(0,65535)
    threshold2=int(0,65535) threshold3=int(0,65535)
sobel +enable planes=int(0,15) scale=num(0,65535) delta=num(-65535,65535)
prewitt +enable planes=int(0,15) scale=num(0,65535) delta=num(-65535,65535)
psnr +enable +sync stats_file|f=refused stats_version=int(1,2) output_max=flag
ssim +enable +sync stats_file|f=refused
"""
