"""Filters that mix, split and convert channels.

The notation is described in `notation.py`.
"""

TABLE = """
aresample sample_rate=int(1000,384000) async=num(0,1000000) first_pts=int min_comp=num(0,) min_hard_comp=num(0,)
    comp_duration=num(0,) max_soft_comp=num(0,) osr|out_sample_rate=int(1000,384000) ochl|out_chlayout=layout
    osf|out_sample_fmt=sample_format isr|in_sample_rate=int(1000,384000) resampler=choice(swr,soxr)
    precision=num(15,33) cutoff=num(0,1) cheby=flag filter_size=int(0,256) phase_shift=int(0,24)
    linear_interp=flag exact_rational=flag dither_method=word dither_scale=num(0,1000) matrix_encoding=word
    clev|center_mix_level=num(-32,32) slev|surround_mix_level=num(-32,32) lfe_mix_level=num(-32,32)
    rmvol|rematrix_volume=num(-1000,1000) rematrix_maxval=num(0,1000)
aformat sample_fmts|f=sample_formats sample_rates|r=numbers channel_layouts|cl=layouts
amix inputs=int(1,20) duration=int(0,2,longest,shortest,first) dropout_transition=num(0,) weights=numbers
    normalize=flag
amerge inputs=int(1,20) layout_mode=int(0,2,legacy,reset,normal)
pan args=pan
channelmap map=channel_map channel_layout=layout
channelsplit channel_layout=layout channels=channels
join inputs=int(1,20) channel_layout=layout map=channel_map
stereotools +enable level_in=num(0.015625,64) level_out=num(0.015625,64) balance_in=num(-1,1)
    balance_out=num(-1,1) softclip=flag mutel=flag muter=flag phasel=flag phaser=flag
    mode=int(0,10,lr>lr,lr>ms,ms>lr,lr>ll,lr>rr,lr>l+r,lr>rl,ms>ll,ms>rr,ms>rl,lr>l-r)
    slev=num(0.015625,64) sbal=num(-1,1) mlev=num(0.015625,64) mpan=num(-1,1) base=num(-1,1)
    delay=num(-20,20) sclevel=num(1,100) phase=num(0,360) bmode_in=int(0,2,balance,amplitude,power)
    bmode_out=int(0,2,balance,amplitude,power)
stereowiden +enable delay=num(1,100) feedback=num(0,0.9) crossfeed=num(0,0.8) drymix=num(0,1)
extrastereo +enable m=num(-10,10) c=flag
crossfeed +enable strength=num(0,1) range=num(0,1) slope=num(0.01,1) level_in=num(0,1) level_out=num(0,1)
    block_size=int(0,32768)
earwax
haas level_in=num(0.015625,64) level_out=num(0.015625,64) side_gain=num(0.015625,64)
    middle_source=int(0,3,left,right,mid,side) middle_phase=flag left_delay=num(0,40)
    left_balance=num(-1,1) left_gain=num(0.015625,64) left_phase=flag right_delay=num(0,40)
    right_balance=num(-1,1) right_gain=num(0.015625,64) right_phase=flag
surround chl_out=layout chl_in=layout level_in=num(0,10) level_out=num(0,10) lfe=flag lfe_low=int(0,256)
    lfe_high=int(0,512) lfe_mode=int(0,1,add,sub) smooth=num(0,1) angle=num(0,360) focus=num(-1,1)
    fc_in=num(0,10) fc_out=num(0,10) fl_in=num(0,10) fl_out=num(0,10) fr_in=num(0,10) fr_out=num(0,10)
    sl_in=num(0,10) sl_out=num(0,10) sr_in=num(0,10) sr_out=num(0,10) bl_in=num(0,10) bl_out=num(0,10)
    br_in=num(0,10) br_out=num(0,10) bc_in=num(0,10) bc_out=num(0,10) lfe_in=num(0,10) lfe_out=num(0,10)
    allx=num(-1,15) ally=num(-1,15) fcx=num(0.06,15) flx=num(0.06,15) frx=num(0.06,15) blx=num(0.06,15)
    brx=num(0.06,15) slx=num(0.06,15) srx=num(0.06,15) bcx=num(0.06,15) fcy=num(0.06,15) fly=num(0.06,15)
    fry=num(0.06,15) bly=num(0.06,15) bry=num(0.06,15) sly=num(0.06,15) sry=num(0.06,15) bcy=num(0.06,15)
    win_size=int(1024,65536) win_func=window overlap=num(0,1)
compensationdelay +enable mm=int(0,10) cm=int(0,100) m=int(0,100) dry=num(0,1) wet=num(0,1)
    temp=int(-50,50)
"""
