"""Filters that change a picture's size, shape or place.

The notation is described in `notation.py`.
"""

TABLE = """
scale +sync w|width=size_expr h|height=size_expr flags=scaler_flags interl=flag size|s=size
    in_color_matrix=matrix out_color_matrix=output_matrix in_range=scale_range out_range=scale_range
    in_chroma_loc=chroma_location out_chroma_loc=chroma_location in_primaries=primaries
    out_primaries=primaries in_transfer=transfer out_transfer=transfer in_v_chr_pos=int(-513,512)
    in_h_chr_pos=int(-513,512) out_v_chr_pos=int(-513,512) out_h_chr_pos=int(-513,512)
    force_original_aspect_ratio=int(0,2,disable,decrease,increase) force_divisible_by=int(1,256)
    reset_sar=flag param0=num param1=num eval=int(0,1,init,frame)
scale2ref w|width=size_expr h|height=size_expr flags=scaler_flags interl=flag size|s=size
    in_color_matrix=matrix out_color_matrix=output_matrix in_range=scale_range out_range=scale_range
    in_chroma_loc=chroma_location out_chroma_loc=chroma_location in_primaries=primaries
    out_primaries=primaries in_transfer=transfer out_transfer=transfer in_v_chr_pos=int(-513,512)
    in_h_chr_pos=int(-513,512) out_v_chr_pos=int(-513,512) out_h_chr_pos=int(-513,512)
    force_original_aspect_ratio=int(0,2,disable,decrease,increase) force_divisible_by=int(1,256)
    reset_sar=flag param0=num param1=num eval=int(0,1,init,frame)
crop out_w|w=size_expr out_h|h=size_expr x=expr y=expr keep_aspect=flag exact=flag
pad width|w=size_expr height|h=size_expr x=expr y=expr color=colour eval=int(0,1,init,frame) aspect=ratio
transpose dir=int(0,7,cclock_flip,clock,cclock,clock_flip) passthrough=int(0,,none,portrait,landscape)
hflip +enable
vflip +enable
rotate +enable angle|a=expr out_w|ow=size_expr out_h|oh=size_expr fillcolor|c=colour_or_none bilinear=flag
setsar sar|ratio|r=ratio_expr max=int(1,)
setdar dar|ratio|r=ratio_expr max=int(1,)
zoompan zoom|z=expr x=expr y=expr d=expr s=size fps=rate
fillborders +enable left=int(0,4096) right=int(0,4096) top=int(0,4096) bottom=int(0,4096)
    mode=int(0,6,smear,mirror,fixed,reflect,wrap,fade,margins) color=colour
shear +enable shx=num(-2,2) shy=num(-2,2) fillcolor|c=colour_or_none interp=int(0,1,nearest,bilinear)
perspective +enable x0=expr y0=expr x1=expr y1=expr x2=expr y2=expr x3=expr y3=expr
    interpolation=int(0,1,linear,cubic) sense=int(0,1,source,destination) eval=int(0,1,init,frame)
lenscorrection +enable cx=num(0,1) cy=num(0,1) k1=num(-1,1) k2=num(-1,1) i=int(0,64,nearest,bilinear)
    fc=colour
v360
    input=int(0,24,e,equirect,c3x2,c6x1,eac,dfisheye,flat,rectilinear,gnomonic,barrel,fb,c1x6,sg,
    ~mercator,ball,hammer,sinusoidal,fisheye,pannini,cylindrical,tetrahedron,barrelsplit,tsp,
    ~hequirect,he,equisolid,og,octahedron,cylindricalea)
    output=int(0,24,e,equirect,c3x2,c6x1,eac,dfisheye,flat,rectilinear,gnomonic,barrel,fb,c1x6,sg,
    ~mercator,ball,hammer,sinusoidal,fisheye,pannini,cylindrical,perspective,tetrahedron,barrelsplit,
    ~tsp,hequirect,he,equisolid,og,octahedron,cylindricalea)
    interp=int(0,7,near,nearest,line,linear,lagrange9,cube,cubic,lanc,lanczos,sp16,spline16,gauss,
    ~gaussian,mitchell) w=int(0,8192) h=int(0,8192) in_stereo=int(0,2,2d,sbs,tb)
    out_stereo=int(0,2,2d,sbs,tb) in_forder=word out_forder=word in_frot=word out_frot=word
    in_pad=num(0,0.1) out_pad=num(0,0.1) fin_pad=int(0,100) fout_pad=int(0,100) yaw=num(-180,180)
    pitch=num(-180,180) roll=num(-180,180) rorder=word h_fov=num(0,360) v_fov=num(0,360) d_fov=num(0,360)
    h_flip=flag v_flip=flag d_flip=flag ih_flip=flag iv_flip=flag in_trans=flag out_trans=flag
    ih_fov=num(0,360) iv_fov=num(0,360) id_fov=num(0,360) h_offset=num(-1,1) v_offset=num(-1,1)
    alpha_mask=flag reset_rot=flag
scroll +enable horizontal|h=num(-1,1) vertical|v=num(-1,1) hpos=num(0,1) vpos=num(0,1)
pixelize +enable width|w=int(1,1024) height|h=int(1,1024) mode|m=int(0,2,avg,min,max) planes|p=int(0,15)
"""
