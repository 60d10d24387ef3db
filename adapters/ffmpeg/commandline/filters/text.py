"""Filters that draw on a picture; fonts and subtitles are references to the job's own inputs.

The notation is described in `notation.py`.
"""

TABLE = """
drawbox +enable x=expr y=expr width|w=expr height|h=expr color|c=colour_or_invert thickness|t=expr
    replace=flag box_source=refused
drawgrid +enable x=expr y=expr width|w=expr height|h=expr color|c=colour_or_invert thickness|t=expr
    replace=flag
drawtext +enable fontfile=font text=drawn_text textfile=refused fontcolor=colour fontcolor_expr=refused
    boxcolor=colour bordercolor=colour shadowcolor=colour box=flag boxborderw=numbers line_spacing=int
    fontsize=expr text_align=flags(left,L,right,R,center,C,top,T,bottom,B,middle,M) x=expr y=expr
    boxw=int(0,8192) boxh=int(0,8192) shadowx=int shadowy=int borderw=int(0,1000) tabsize=int(0,100)
    basetime=int font=font_family expansion=choice(none,normal)
    y_align=int(0,2,text,baseline,font) timecode=timecode tc24hmax=flag timecode_rate|r|rate=ratio
    alpha=expr fix_bounds=flag start_number=int(0,) text_source=refused text_shaping=flag
    ft_load_flags=flags(default,no_scale,no_hinting,render,no_bitmap,vertical_layout,force_autohint,
    ~crop_bitmap,pedantic,ignore_global_advance_width,no_recurse,ignore_transform,monochrome,
    ~linear_design,no_autohint)
subtitles filename|f=subtitles original_size=size fontsdir=refused alpha=flag charenc=word
    stream_index|si=int(-1,100) force_style=style wrap_unicode=flag shaping=int(-1,1,auto,simple,complex)
ass filename|f=subtitles original_size=size fontsdir=refused alpha=flag
    shaping=int(-1,1,auto,simple,complex)
"""
