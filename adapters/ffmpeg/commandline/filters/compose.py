"""Filters that put several pictures together, or take one apart.

The notation is described in `notation.py`.
"""

TABLE = """
overlay +enable +sync x=expr y=expr eof_action=int(0,2,repeat,endall,pass) eval=int(0,1,init,frame)
    shortest=flag format=int(0,8,yuv420,yuv420p10,yuv422,yuv422p10,yuv444,yuv444p10,rgb,gbrp,auto)
    repeatlast=flag alpha=int(0,2,auto,unknown,straight,premultiplied)
hstack inputs=int(2,20) shortest=flag
vstack inputs=int(2,20) shortest=flag
xstack inputs=int(2,20) layout=stack_layout grid=size shortest=flag fill=colour_or_none
split outputs=int(1,20)
concat n=int(2,20) v=int(0,4) a=int(0,8) unsafe=flag
fade +enable type|t=int(0,1,in,out) start_frame|s=int(0,) nb_frames|n=int(1,) alpha=flag
    start_time|st=time duration|d=time color|c=colour
xfade
    transition=int(-1,57,custom,fade,wipeleft,wiperight,wipeup,wipedown,slideleft,slideright,slideup,
    ~slidedown,circlecrop,rectcrop,distance,fadeblack,fadewhite,radial,smoothleft,smoothright,
    ~smoothup,smoothdown,circleopen,circleclose,vertopen,vertclose,horzopen,horzclose,dissolve,
    ~pixelize,diagtl,diagtr,diagbl,diagbr,hlslice,hrslice,vuslice,vdslice,hblur,fadegrays,wipetl,
    ~wipetr,wipebl,wipebr,squeezeh,squeezev,zoomin,fadefast,fadeslow,hlwind,hrwind,vuwind,vdwind,
    ~coverleft,coverright,coverup,coverdown,revealleft,revealright,revealup,revealdown) duration=time
    offset=time expr=refused
blend +enable +sync c0_mode=blend_mode c1_mode=blend_mode c2_mode=blend_mode c3_mode=blend_mode
    all_mode=blend_mode_of_all c0_expr=expr c1_expr=expr c2_expr=expr c3_expr=expr all_expr=expr
    c0_opacity=num(0,1) c1_opacity=num(0,1) c2_opacity=num(0,1) c3_opacity=num(0,1) all_opacity=num(0,1)
tblend +enable c0_mode=blend_mode c1_mode=blend_mode c2_mode=blend_mode c3_mode=blend_mode
    all_mode=blend_mode_of_all c0_expr=expr c1_expr=expr c2_expr=expr c3_expr=expr all_expr=expr
    c0_opacity=num(0,1) c1_opacity=num(0,1) c2_opacity=num(0,1) c3_opacity=num(0,1) all_opacity=num(0,1)
alphamerge +enable +sync
alphaextract
colorkey +enable color=colour similarity=num(1e-05,1) blend=num(0,1)
chromakey +enable color=colour similarity=num(1e-05,1) blend=num(0,1) yuv=flag
hsvkey +enable hue=num(-360,360) sat=num(-1,1) val=num(-1,1) similarity=num(1e-05,1) blend=num(0,1)
lumakey +enable threshold=num(0,1) tolerance=num(0,1) softness=num(0,1)
despill +enable type=int(0,1,green,blue) mix=num(0,1) expand=num(0,1) red=num(-100,100)
    green=num(-100,100) blue=num(-100,100) brightness=num(-10,10) alpha=flag
backgroundkey +enable threshold=num(0,1) similarity=num(0,1) blend=num(0,1)
maskedmerge +enable planes=int(0,15)
tile layout=grid nb_frames=int(0,1024) margin=int(0,1024) padding=int(0,1024) color=colour
    overlap=int(0,1024) init_padding=int(0,1024)
untile layout=size
palettegen max_colors=int(2,256) reserve_transparent=flag transparency_color=colour
    stats_mode=int(0,2,full,diff,single)
paletteuse dither=int(0,8,bayer,heckbert,floyd_steinberg,sierra2,sierra2_4a,sierra3,burkes,atkinson)
    bayer_scale=int(0,5) diff_mode=int(0,1,rectangle) new=flag alpha_threshold=int(0,255)
    debug_kdtree=refused
null
copy
format pix_fmts=pixel_formats color_spaces=words color_ranges=words alpha_modes=words
noformat pix_fmts=pixel_formats color_spaces=words color_ranges=words alpha_modes=words
nullsink
premultiply +enable planes=int(0,15) inplace=flag
unpremultiply +enable planes=int(0,15) inplace=flag
tmix +enable frames=int(1,128) weights=numbers scale=num(0,32767) planes=int(0,15)
mix +enable inputs=int(2,20) weights=numbers scale=num(0,32767) planes=int(0,15)
    duration=int(0,2,longest,shortest,first)
extractplanes planes=flags(y,u,v,r,g,b,a)
displace +enable edge=int(0,3,blank,smear,wrap,mirror)
interleave nb_inputs|n=int(1,20) duration=int(0,2,longest,shortest,first)
"""
