"""Encoders and decoders by the names that `-c` takes, and the encoders' own lists of parameters."""

from adapters.ffmpeg.commandline.notation import Table

VIDEO_ENCODERS = frozenset(
    [
        "libx264",
        "libx264rgb",
        "libx265",
        "libsvtav1",
        "libaom-av1",
        "librav1e",
        "libvpx",
        "libvpx-vp9",
        "h264_nvenc",
        "hevc_nvenc",
        "av1_nvenc",
        "mpeg4",
        "libxvid",
        "mpeg1video",
        "mpeg2video",
        "h263",
        "flv",
        "mjpeg",
        "ljpeg",
        "png",
        "apng",
        "gif",
        "bmp",
        "tiff",
        "libwebp",
        "libwebp_anim",
        "prores",
        "prores_ks",
        "prores_aw",
        "dnxhd",
        "cfhd",
        "ffv1",
        "huffyuv",
        "ffvhuff",
        "utvideo",
        "qtrle",
        "libtheora",
        "wmv2",
        "msmpeg4",
        "libopenh264",
        "h264",
        "hevc",
        "av1",
        "vp8",
        "vp9",
        "theora",
        "webp",
        "rawvideo",
        "v210",
        "dvvideo",
        "copy",
    ]
)
AUDIO_ENCODERS = frozenset(
    [
        "aac",
        "libmp3lame",
        "mp3",
        "mp2",
        "ac3",
        "eac3",
        "flac",
        "alac",
        "libopus",
        "opus",
        "libvorbis",
        "vorbis",
        "wmav2",
        "tta",
        "wavpack",
        "dca",
        "truehd",
        "libopencore_amrnb",
        "pcm_s16le",
        "pcm_s16be",
        "pcm_s24le",
        "pcm_s24be",
        "pcm_s32le",
        "pcm_s32be",
        "pcm_f32le",
        "pcm_f32be",
        "pcm_f64le",
        "pcm_s8",
        "pcm_u8",
        "pcm_mulaw",
        "pcm_alaw",
        "adpcm_ima_wav",
        "adpcm_ms",
        "g722",
        "copy",
    ]
)
SUBTITLE_ENCODERS = frozenset(["mov_text", "srt", "subrip", "ass", "ssa", "webvtt", "text", "ttml", "copy"])
DATA_ENCODERS = frozenset({"copy"})

REFUSED_ENCODERS: dict[str, str] = {
    "libfdk_aac": "is not part of this build; use aac",
    "libfaac": "is gone from FFmpeg; use aac",
    "libvo_aacenc": "is gone from FFmpeg; use aac",
    "libxavs2": "is not offered",
    **dict.fromkeys(
        ("h264_qsv", "hevc_qsv", "h264_vaapi", "hevc_vaapi", "h264_amf", "hevc_amf", "h264_v4l2m2m"),
        "needs a device that the service does not have; use libx264, libx265 or the nvenc encoders",
    ),
    **dict.fromkeys(
        ("h264_videotoolbox", "hevc_videotoolbox", "aac_at"),
        "exists on macOS only; use libx264, libx265 or aac",
    ),
}

DECODERS = frozenset(
    [
        "h264",
        "hevc",
        "av1",
        "libdav1d",
        "libaom-av1",
        "vp8",
        "vp9",
        "libvpx",
        "libvpx-vp9",
        "mpeg2video",
        "mpeg4",
        "mjpeg",
        "png",
        "gif",
        "webp",
        "prores",
        "dnxhd",
        "ffv1",
        "aac",
        "mp3",
        "mp3float",
        "ac3",
        "eac3",
        "flac",
        "alac",
        "opus",
        "libopus",
        "vorbis",
        "libvorbis",
        "pcm_s16le",
        "pcm_s24le",
        "pcm_f32le",
        "copy",
        "srt",
        "subrip",
        "ass",
        "webvtt",
        "mov_text",
    ]
)

_X264 = """
libx264 keyint=word min-keyint=word scenecut=int(-1,100) no-scenecut=flag bframes=int(0,16) b-adapt=int(0,2)
    b-bias=int(-100,100) b-pyramid=choice(none,strict,normal,0,1,2) open-gop=flag no-open-gop=flag ref=int(0,16)
    frameref=int(0,16) no-deblock=flag deblock=numbers slices=int(0,128) slices-max=int(0,256)
    slice-max-size=int(0,) slice-max-mbs=int(0,) interlaced=flag tff=flag bff=flag fake-interlaced=flag
    constrained-intra=flag pulldown=choice(none,22,32,64,double,triple,euro) crf=num(-26,63) crf-max=num(0,63)
    qp=int(0,81) qpmin=int(0,81) qpmax=int(0,81) qpstep=int(0,81) bitrate=int(0,1000000)
    vbv-maxrate=int(0,2000000) vbv-bufsize=int(0,2000000) vbv-init=num(0,2000000) rc-lookahead=int(0,250)
    sync-lookahead=int(0,250) ratetol=num(0,1000) ipratio=num(0.01,10) pbratio=num(0.01,10)
    chroma-qp-offset=int(-32,32) aq-mode=int(0,3) aq-strength=num(0,3) mbtree=flag no-mbtree=flag qcomp=num(0,1)
    cplxblur=num(0,999) qblur=num(0,99) pass=int(1,3) partitions=word direct=choice(none,spatial,temporal,auto)
    direct-pred=int(0,3) weightb=flag no-weightb=flag weightp=int(0,2) me=choice(dia,hex,umh,esa,tesa)
    merange=int(4,1024) me-range=int(4,1024) mvrange=int(-1,2048) subme=int(0,11) subq=int(0,11) psy=flag
    no-psy=flag psy-rd=numbers mixed-refs=flag no-mixed-refs=flag chroma-me=flag no-chroma-me=flag 8x8dct=flag
    no-8x8dct=flag trellis=int(0,2) fast-pskip=flag no-fast-pskip=flag dct-decimate=flag no-dct-decimate=flag
    nr=int(0,100000) deadzone-inter=int(0,32) deadzone-intra=int(0,32) cqm=choice(flat,jvt) cabac=flag
    no-cabac=flag overscan=choice(undef,show,crop) videoformat=word range=choice(auto,tv,pc) fullrange=flag
    colorprim=word transfer=word colormatrix=word chromaloc=int(0,5) nal-hrd=choice(none,vbr,cbr) filler=flag
    pic-struct=flag aud=flag force-cfr=flag level=num(0,70) bluray-compat=flag avcintra-class=int(0,300)
    stitchable=flag annexb=flag repeat-headers=flag sar=ratio intra-refresh=flag threads=word
    lookahead-threads=word sliced-threads=flag deterministic=flag opencl=int(0,0) frame-packing=int(0,7)
    profile=word preset=word tune=word mastering-display=master cll=numbers zones=zones
"""
_X265 = """
libx265 keyint=int(-1,) min-keyint=int(0,) scenecut=int(0,100) no-scenecut=flag scenecut-bias=num(0,100)
    bframes=int(0,16) b-adapt=int(0,2) bframe-bias=int(-90,100) b-pyramid=flag no-b-pyramid=flag open-gop=flag
    no-open-gop=flag ref=int(1,16) limit-refs=int(0,3) limit-modes=flag no-limit-modes=flag rc-lookahead=int(0,250)
    lookahead-slices=int(0,16) gop-lookahead=int(0,250) radl=int(0,16) crf=num(0,51) crf-max=num(0,51)
    crf-min=num(0,51) qp=int(-50,51) qpmin=int(0,51) qpmax=int(0,51) bitrate=int(0,1000000)
    vbv-maxrate=int(0,2000000) vbv-bufsize=int(0,2000000) vbv-init=num(0,2000000) vbv-end=num(0,2000000)
    strict-cbr=flag cbqpoffs=int(-12,12) crqpoffs=int(-12,12) ipratio=num(0.01,10) pbratio=num(0.01,10)
    qcomp=num(0,1) qpstep=int(0,51) qblur=num(0,99) cplxblur=num(0,999) aq-mode=int(0,4) aq-strength=num(0,3)
    aq-motion=flag hevc-aq=flag qg-size=int(8,64) cutree=flag no-cutree=flag pass=int(1,3) multi-pass-opt-rps=flag
    slow-firstpass=flag no-slow-firstpass=flag lossless=flag cu-lossless=flag tskip=flag rd=int(1,6)
    rdoq-level=int(0,2) no-rdoq-level=flag rd-refine=flag ctu=int(16,64) min-cu-size=int(8,64)
    max-tu-size=int(4,32) tu-intra-depth=int(1,4) tu-inter-depth=int(1,4) limit-tu=int(0,4) dynamic-rd=num(0,4)
    early-skip=flag no-early-skip=flag rskip=int(0,2) no-rskip=flag fast-intra=flag b-intra=flag no-b-intra=flag
    strong-intra-smoothing=flag no-strong-intra-smoothing=flag constrained-intra=flag max-merge=int(1,5)
    me=choice(dia,hex,umh,star,sea,full,0,1,2,3,4,5) subme=int(0,7) merange=int(0,32768) temporal-mvp=flag
    no-temporal-mvp=flag weightp=flag no-weightp=flag weightb=flag no-weightb=flag rect=flag no-rect=flag amp=flag
    no-amp=flag psy-rd=num(0,5) psy-rdoq=num(0,50) signhide=flag no-signhide=flag deblock=numbers no-deblock=flag
    sao=flag no-sao=flag sao-non-deblock=flag limit-sao=flag selective-sao=int(0,4) nr-intra=int(0,2000)
    nr-inter=int(0,2000) frame-threads=int(0,16) pools=pools numa-pools=pools wpp=flag no-wpp=flag pmode=flag
    pme=flag no-pme=flag level-idc=word high-tier=flag no-high-tier=flag profile=word preset=word tune=word
    sar=ratio overscan=word videoformat=word range=choice(limited,full,unknown) colorprim=word transfer=word
    colormatrix=word chromaloc=int(0,5) master-display=master max-cll=numbers hdr=flag hdr10=flag no-hdr10=flag
    hdr-opt=flag hdr10-opt=flag repeat-headers=flag no-repeat-headers=flag aud=flag hrd=flag info=flag no-info=flag
    hash=int(0,3) annexb=flag temporal-layers=int(0,5) interlace=word field=flag uhd-bd=flag log-level=word
    dynamic-refine=flag intra-refresh=flag fades=flag hist-scenecut=flag asm=flag opt-qp-pps=flag
    opt-ref-list-length-pps=flag single-sei=flag idr-recovery-sei=flag min-luma=int(0,65535) max-luma=int(0,65535)
    mcstf=flag scaling-list=choice(off,default) zones=zones
"""
_SVTAV1 = """
libsvtav1 tune=int(0,5) preset=int(-1,13) crf=num(1,70) qp=int(1,63) rc=int(0,2) tbr=word mbr=word
    keyint=word irefresh-type=int(1,2) scd=flag lookahead=int(-1,120) hierarchical-levels=int(2,5)
    pred-struct=int(1,2) enable-overlays=flag enable-tf=int(0,3) tf-strength=int(0,4) film-grain=int(0,50)
    film-grain-denoise=flag fast-decode=int(0,2) tile-rows=int(0,6) tile-columns=int(0,4) scm=int(0,3)
    aq-mode=int(0,2) enable-qm=flag qm-min=int(0,15) qm-max=int(0,15) enable-variance-boost=flag
    variance-boost-strength=int(1,4) variance-octile=int(1,8) variance-boost-curve=int(0,3) sharpness=int(-7,7)
    enable-cdef=flag enable-restoration=flag enable-dlf=int(0,2) enable-superres=int(0,0) lp=int(0,6)
    pin=int(0,1000) min-qp=int(1,62) max-qp=int(1,63) buf-sz=int(20,10000) buf-initial-sz=int(20,10000)
    buf-optimal-sz=int(20,10000) undershoot-pct=int(0,100) overshoot-pct=int(0,100) bias-pct=int(0,100)
    recode-loop=int(0,4) chroma-u-dc-qindex-offset=int(-64,63) chroma-u-ac-qindex-offset=int(-64,63)
    luma-min=int(0,1023) color-primaries=word transfer-characteristics=word matrix-coefficients=word
    color-range=word chroma-sample-position=word mastering-display=master content-light=numbers enable-hdr=flag
    enable-intrabc=flag noise-norm-strength=int(0,4) psy-rd=num(0,8) spy-rd=int(0,2) kf-tf-strength=int(0,4)
    startup-mg-size=int(0,4) profile=word level=word progress=int(0,0) input-depth=int(8,10)
"""
_AOM = """
libaom-av1 cpu-used=int(0,11) end-usage=word cq-level=int(0,63) min-q=int(0,63) max-q=int(0,63) aq-mode=int(0,3)
    deltaq-mode=int(0,6) enable-cdef=int(0,3) enable-restoration=flag enable-qm=flag qm-min=int(0,15)
    qm-max=int(0,15) enable-fwd-kf=flag enable-keyframe-filtering=int(0,2) enable-chroma-deltaq=flag
    arnr-strength=int(0,6) arnr-maxframes=int(0,15) lag-in-frames=int(0,48) kf-max-dist=int(0,100000)
    kf-min-dist=int(0,100000) row-mt=flag tile-columns=int(0,6) tile-rows=int(0,6) tune=word tune-content=word
    sharpness=int(0,7) denoise-noise-level=int(0,50) denoise-block-size=int(0,64) enable-dnl-denoising=flag
    sb-size=word bit-depth=int(8,12) color-primaries=word transfer-characteristics=word matrix-coefficients=word
    passes=int(1,3) enable-tpl-model=flag threads=int(0,64)
"""
PARAMETERS = Table(_X264, _X265, _SVTAV1, _AOM)
"""What `-x264-params`, `-x265-params`, `-svtav1-params` and `-aom-params` take, by encoder."""

_READS, _WRITES = "reads a file", "writes a file"
REFUSED_PARAMETERS: dict[str, str] = {
    "stats": "names a file; two passes are asked for with pass=",
    "csv": _WRITES,
    "csv-log-level": "belongs to csv, which writes a file",
    "log-file": _WRITES,
    "dump-yuv": _WRITES,
    "recon": _WRITES,
    "cqmfile": _READS,
    "qpfile": _READS,
    "zonefile": _READS,
    "lambda-file": _READS,
    "scaling-list": "reads a file, unless it is off or default",
    "analysis-save": _WRITES,
    "analysis-load": _READS,
    "analysis-reuse-file": "reads or writes a file",
    "dolby-vision-rpu": _READS,
    "nalu-file": _READS,
    "film-grain": "reads a file with x265",
    "aom-film-grain": _READS,
    "fgs-table": _READS,
    "film-grain-table": _READS,
    "stat-file": _WRITES,
    "opencl-clbin": _READS,
    "opencl-device": "needs a device",
    "partition-info-path": _READS,
    "rate-distribution-info-path": _READS,
    "vmaf-model-path": _READS,
    "two-pass-output": _WRITES,
    "two-pass-input": _READS,
}
