"""The options that a command may use, in the notation of `notation.py`, by place.

A name that ends with `:` takes a stream specifier (`-b:v:0`). Types that only the command line has: `bare` takes
no value; `graph`, `map` and those in `values/media.py` are read into trees of their own.
"""

INPUT = """
input ss=time t=duration to=duration sseof=time itsoffset=time itsscale:=num(0.01,100) r:=rate framerate=rate
    stream_loop=int(-1,10000) loop=int(0,1) accurate_seek=bare noaccurate_seek=bare seek_timestamp=bare
    seek2any=flag fflags=flags(genpts,igndts,ignidx,discardcorrupt,nobuffer,nofillin,noparse,sortdts,fastseek,bitexact)
    flags:=flags(low_delay,output_corrupt,gray,unaligned,showall,bitexact)
    flags2:=flags(fast,export_mvs,showall,skip_manual,ignorecrop)
    err_detect:=flags(crccheck,bitstream,buffer,explode,ignore_err,careful,compliant,aggressive)
    analyzeduration=int(0,60000000) probesize=int(32,100000000) autorotate:=bare noautorotate:=bare
    display_rotation:=num(-360,360) display_hflip:=bare display_vflip:=bare discard:=word skip_frame:=word
    reinit_filter:=int(0,1) thread_queue_size=int(1,4096) an=bare vn=bare sn=bare dn=bare c:|codec:=decoder
    f=demuxer ignore_editlist=flag use_wallclock_as_timestamps=int(0,0) sub_charenc=word fix_sub_duration:=bare
    safe=int(0,1) auto_convert=flag pattern_type=choice(sequence,glob,none,glob_sequence) start_number=int(0,)
    correct_ts_overflow=flag max_delay=int(0,10000000) channel_layout:|ch_layout:=layout
    merge_pmt_versions=flag scan_all_pmts=flag resync_size=int(0,1000000) ignore_loop=flag
    min_delay=int(0,10000000) max_gif_delay=int(0,10000000) default_delay=int(0,10000000)
"""

SELECTION = """
selection map=map map_metadata:=metadata_source map_chapters=int(-1,20) metadata:=tag disposition:=disposition
    an=bare vn=bare sn=bare dn=bare shortest=bare shortest_buf_duration=num(0,600) frames:=int(0,10000000)
    ss=time t=duration to=duration fs=bytes copyts=bare start_at_zero=bare
    avoid_negative_ts=choice(auto,make_non_negative,make_zero,disabled,-1,0,1,2)
    max_muxing_queue_size:=int(0,65536) muxing_queue_data_threshold:=int(0,500000000) muxdelay=num(0,60)
    muxpreload=num(0,60) max_interleave_delta=int(0,1000000000) f=muxer c:|codec:=encoder bsf:=bitstream_filter
    tag:=word strict:=choice(very,strict,normal,unofficial,experimental,-2,-1,0,1,2)
    flags:=flags(bitexact,global_header,cgop,low_delay,ildct,ilme,mv4,
    ~aic,qpel,loop,gray,psnr,pass1,pass2,aspect,qscale) flags2:=flags(fast,local_header)
    fflags=flags(bitexact,flush_packets,genpts,autobsf,shortest) apad=bare timestamp=date timecode=timecode
    copytb=int(-1,1) dts_delta_threshold=num(0,1000) bitexact=bare
"""
VIDEO = """
video b:=bitrate maxrate:=bitrate minrate:=bitrate bufsize:=bitrate crf:=num(-1,63) crf_max:=num(-1,63)
    qp:=int(-1,255) q:|qscale:=num(-1,255) qmin:=int(-1,255) qmax:=int(-1,1024) qdiff:=int(0,1024)
    qcomp:=num(0,1) qblur:=num(0,100) global_quality:=num preset:=word tune:=word profile:=word level:=word
    tier:=word g:=int(-1,100000) keyint_min:=int(0,100000) bf:=int(-1,16) refs:=int(0,16)
    sc_threshold:=int(-1,1000000000) force_key_frames:=key_frames forced-idr:=flag pix_fmt:=pixel_format s:=size
    aspect:=ratio r:=rate fpsmax:=rate fps_mode:=choice(auto,passthrough,cfr,vfr) enc_time_base:=frame_base
    autoscale:=bare noautoscale:=bare rc-lookahead:|rc_lookahead:=int(-1,250) x264-params:|x264opts:=libx264
    x265-params:=libx265 svtav1-params:=libsvtav1 aom-params:=libaom-av1 pass:=int(1,2) passlogfile:=name
    colorspace:=word color_primaries:=word color_trc:=word color_range:=word chroma_sample_location:=word
    field_order:=word top:=int(-1,1) aq-mode:|aq_mode:=int(-1,6) aq-strength:|aq_strength:=num(-1,15)
    psy-rd:=numbers psy:=flag me_range:=int(0,1024) me_method:|motion-est:=word motion_est:=word cmp:=word
    subcmp:=word mbcmp:=word mbd:=word subq:=int(0,11) trellis:=int(-1,2) coder:=word b_strategy:=int(-1,2)
    b_qfactor:=num(-10,10) b_qoffset:=num(-10,10) i_qfactor:=num(-10,10) i_qoffset:=num(-10,10)
    weightp:=int(-1,2) weightb:=flag 8x8dct:=flag fast-pskip:=flag mbtree:=flag mixed-refs:=flag b-pyramid:=word
    b-bias:=int(-100,100) partitions:=words direct-pred:=word deblock:=numbers cplxblur:=num(-1,999)
    nal-hrd:=choice(none,vbr,cbr) intra-refresh:=flag bluray-compat:=flag slices:=int(0,128) slice-max-size:=int(0,)
    avcintra-class:=int(0,300) noise_reduction:=int(0,100000) chromaoffset:=int(-32,32) a53cc:=flag udu_sei:=flag
    rc_init_occupancy:=bitrate rc_max_vbv_use:=num(0,10) rc_min_vbv_use:=num(0,10) dc:|intra_dc_precision:=int(0,16)
    cpu-used:|cpu_used:=int(-16,16) deadline:|quality:=word speed:=int(-16,16) row-mt:=flag tile-columns:=int(-1,6)
    tile-rows:=int(-1,6) lag-in-frames:=int(-1,64) auto-alt-ref:=int(-1,6) arnr-maxframes:|arnr_maxframes:=int(-1,15)
    arnr-strength:|arnr_strength:=int(-1,6) arnr-type:=word static-thresh:=int(0,1000000)
    undershoot-pct:=int(-1,1000) overshoot-pct:=int(-1,1000) minsection-pct:=int(-1,10000)
    maxsection-pct:=int(-1,10000) frame-parallel:=flag error-resilient:=word noise-sensitivity:=int(0,6)
    sharpness:=int(-1,8) max-intra-rate:=int(-1,100000) cq-level:=int(0,63) tune-content:=word
    corpus-complexity:=int(-1,10000) usage:=word enable-cdef:=flag still-picture:=flag denoise-noise-level:=int(-1,50)
    rc:=word cq:=num(0,63) spatial-aq:|spatial_aq:=flag temporal-aq:|temporal_aq:=flag multipass:=word
    b_ref_mode:=word zerolatency:=flag nonref_p:=flag strict_gop:=flag no-scenecut:=flag b_adapt:=flag
    surfaces:=int(0,64) qp_i:=int(-1,51) init_qpP:=int(-1,255) init_qpB:=int(-1,255) init_qpI:=int(-1,255)
    weighted_pred:=flag cbr:=flag 2pass:=flag dpb_size:=int(0,64) lookahead_level:=int(-1,15) la_depth:=int(-1,120)
    sws_flags=scaler_flags lossless:=flag compression_level:=int(-1,12) pred:=word dpi:=int(0,65536) near:=int(0,255)
    vendor:=word bits_per_mb:=int(0,8192) quant_mat:=word mbs_per_slice:=int(1,8) alpha_bits:=int(0,16)
    huffman:=word context:=int(0,1) slicecrc:=int(-1,2) max_pixels:=int(1,67108864) video_track_timescale=int(0,)
    dither:=word nonlinear_quant:=flag seq_disp_ext:=word
"""
AUDIO = """
audio ar:=int(1000,384000) ac:=int(1,24) channel_layout:|ch_layout:=layout sample_fmt:=sample_format vbr:=word
    application:=word frame_duration:=num(2,120) cutoff:=int(0,100000) aac_coder:=word aac_tns:=flag aac_pns:=flag
    aac_is:=flag aac_ms:=flag joint_stereo:=flag reservoir:=flag abr:=flag packet_loss:=int(0,100) fec:=flag
    mapping_family:=int(-1,255) dialnorm:=int(-31,-1) room_type:=word mixing_level:=int(-1,111) lpc_type:=word
    frame_size:=int(0,65536) min_partition_order:=int(-1,8) max_partition_order:=int(-1,8)
    exact_rational:=flag dsur_mode:=word
"""
SUBTITLES = """
subtitles canvas_size=size fix_sub_duration:=bare
"""
GRAPHS = """
graphs filter:=graph filter_complex=graph
"""
MUXER = """
muxer movflags=flags(faststart,frag_keyframe,empty_moov,separate_moof,frag_custom,isml,omit_tfhd_offset,
    ~default_base_moof,dash,cmaf,frag_discont,delay_moov,global_sidx,skip_sidx,skip_trailer,negative_cts_offsets,
    ~prefer_icc,write_colr,write_gama,use_metadata_tags,frag_every_frame,disable_chpl,rtphint,hybrid_fragmented)
    frag_duration=int(0,) min_frag_duration=int(0,) frag_size=int(0,) brand=word movie_timescale=int(1,)
    write_tmcd=flag write_btrt=flag write_prft=word use_editlist=flag moov_size=int(0,100000000) empty_hdlr_name=flag
    mpegts_flags=flags(resend_headers,latm,pat_pmt_at_frames,system_b,initial_discontinuity,nit,omit_rai)
    mpegts_service_id=int(1,65535) mpegts_transport_stream_id=int(1,65535) mpegts_original_network_id=int(1,65535)
    mpegts_service_type=word mpegts_pmt_start_pid=int(32,8186) mpegts_start_pid=int(32,8186) mpegts_m2ts_mode=flag
    mpegts_copyts=flag muxrate=bitrate pcr_period=int(-1,500) pat_period=num(-1,1000) sdt_period=num(-1,1000)
    tables_version=int(0,31) omit_video_pes_length=flag
    cluster_time_limit=int(-1,600000) cluster_size_limit=int(-1,100000000) reserve_index_space=int(0,10000000)
    cues_to_front=flag allow_raw_vfw=flag default_mode=word live=flag dash=flag id3v2_version=int(0,4)
    write_id3v1=flag write_id3v2=flag write_xing=flag write_bext=flag rf64=word page_duration=int(0,)
    flvflags=flags(aac_seq_header_detect,no_sequence_end,no_metadata,no_duration_filesize,add_keyframe_index)
    packetsize=int(0,65536) preload=int(0,10000000) loop=int(-1,65535) final_delay=int(-1,65535) plays=int(0,65535)
    update=flag start_number=int(0,) frame_pts=int(0,0) min_delay=int(0,) write_header=flag
    hls_time=num(0.1,3600) hls_init_time=num(0,3600) hls_list_size=int(0,100000) hls_delete_threshold=int(1,1000)
    hls_playlist_type=choice(vod,event) hls_segment_type=choice(mpegts,fmp4) hls_allow_cache=int(-1,1)
    hls_flags=flags(round_durations,discont_start,omit_endlist,split_by_time,program_date_time,independent_segments,
    ~iframes_only,single_file,temp_file,append_list,delete_segments)
    hls_start_number_source=choice(generic) hls_segment_filename=name hls_fmp4_init_filename=name
    master_pl_name=name var_stream_map=stream_map hls_segment_size=int(0,1000000000)
    hls_subtitle_path=name
    segment_time=duration segment_time_delta=duration segment_times=times segment_frames=numbers
    segment_format=segment_format segment_format_options=segment_options segment_start_number=int(0,)
    segment_list=name segment_list_type=choice(flat,csv,ext,ffconcat,m3u8,hls) segment_list_flags=flags(cache,live)
    segment_list_size=int(0,100000) segment_atclocktime=int(0,0) segment_wrap=int(0,1000000)
    break_non_keyframes=flag individual_header_trailer=flag reset_timestamps=flag initial_offset=time
    write_empty_segments=flag min_seg_duration=duration
    seg_duration=num(0.1,3600) frag_type=word window_size=int(0,10000) extra_window_size=int(0,10000)
    remove_at_exit=int(0,0) use_template=flag use_timeline=flag single_file=flag init_seg_name=name
    media_seg_name=name single_file_name=name adaptation_sets=adaptation_sets streaming=flag ldash=flag
    dash_segment_type=choice(auto,mp4,webm) hls_playlist=flag hls_master_name=name
    global_sidx=flag write_prft=flag format_options=segment_options target_latency=num(0,60)
"""

# Those of ours: taken, and left out of what runs. The number says how many values follow.
IGNORED: dict[str, int] = {
    **dict.fromkeys(("y", "n", "hide_banner", "nostdin", "stdin", "stats", "nostats", "benchmark", "nohide_banner",
                     "ignore_unknown", "copy_unknown", "xerror", "psnr"), 0),
    **dict.fromkeys(("loglevel", "v", "threads", "filter_threads", "filter_complex_threads", "stats_period",
                     "hwaccel", "hwaccel_device", "max_error_rate", "max_alloc", "thread_type", "cpuflags",
                     "protocol_whitelist", "format_whitelist", "allowed_extensions", "reconnect",
                     "reconnect_streamed", "reconnect_at_eof", "reconnect_delay_max", "rw_timeout", "timeout",
                     "user_agent", "rtbufsize", "multiple_requests", "seekable"), 1),
}  # fmt: skip

# Short for an option with a specifier.
ALIASES: dict[str, tuple[str, str]] = {
    "vcodec": ("c", "v"), "acodec": ("c", "a"), "scodec": ("c", "s"), "dcodec": ("c", "d"),
    "vf": ("filter", "v"), "af": ("filter", "a"), "vframes": ("frames", "v"), "aframes": ("frames", "a"),
    "dframes": ("frames", "d"), "vtag": ("tag", "v"), "atag": ("tag", "a"), "stag": ("tag", "s"),
    "ab": ("b", "a"), "vb": ("b", "v"), "aq": ("q", "a"), "vbsf": ("bsf", "v"), "absf": ("bsf", "a"),
    "vprofile": ("profile", "v"),
}  # fmt: skip
SAME: dict[str, str] = {"lavfi": "filter_complex", "vsync": "fps_mode"}
VSYNC = {"0": "passthrough", "1": "cfr", "2": "vfr", "-1": "auto"}
