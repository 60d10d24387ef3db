"""The commands that people copy: each must be read, and run.

Files by the names of `media.py`: a.mp4, b.mp4 (picture and sound), silent.mp4, tall.mp4, music.mp3, voice.wav,
logo.png, photo.jpg, captions.srt, grade.cube, font.ttf, clip.mkv (with subtitles), page1.png ... page4.png.
"""

from dataclasses import dataclass

WEB = "https://media.example.com/"


@dataclass(frozen=True)
class Recipe:
    name: str
    command: str
    """`@a.mp4` stands for the URL of a.mp4, X264 for that encoder at its fastest."""
    inputs: tuple[str, ...] = ()
    """Given with the request, beside those of the command."""
    needs_font: bool = False

    @property
    def text(self) -> str:
        return self.command.replace(" @", " " + WEB).replace("X264", "-c:v libx264 -preset ultrafast")

    @property
    def urls(self) -> list[str]:
        return [WEB + name for name in self.inputs]


def _r(name: str, command: str, *inputs: str, needs_font: bool = False) -> Recipe:
    return Recipe(name, " ".join(command.split()), inputs, needs_font)


RECIPES = [
    # containers and codecs
    _r("remux", "ffmpeg -i @clip.mkv -map 0:v -map 0:a -c copy -movflags +faststart out.mp4"),
    _r("web-optimise", "ffmpeg -y -i @a.mp4 X264 -crf 28 -pix_fmt yuv420p -c:a aac -b:a 96k"
       " -movflags faststart web.mp4"),
    _r("h265", "ffmpeg -i @a.mp4 -c:v libx265 -preset ultrafast -crf 32 -tag:v hvc1 -x265-params log-level=error"
       " -c:a copy out.mp4"),
    _r("av1", "ffmpeg -i @a.mp4 -t 0.5 -c:v libsvtav1 -preset 12 -crf 45 -svtav1-params tune=0 -an out.mkv"),
    _r("vp9", "ffmpeg -i @a.mp4 -t 0.5 -c:v libvpx-vp9 -b:v 0 -crf 40 -deadline realtime -cpu-used 8 -row-mt 1"
       " -c:a libopus out.webm"),
    _r("two-pass", "ffmpeg -y -i @a.mp4 X264 -b:v 300k -pass 1 -an -f null /dev/null &&"
       " ffmpeg -i @a.mp4 X264 -b:v 300k -pass 2 -passlogfile log -c:a aac -b:a 64k out.mp4"),
    _r("x265-two-pass", "ffmpeg -y -i @a.mp4 -t 0.4 -c:v libx265 -preset ultrafast -b:v 200k -x265-params pass=1"
       " -an -f null - && ffmpeg -i @a.mp4 -t 0.4 -c:v libx265 -preset ultrafast -b:v 200k -x265-params pass=2"
       " out.mp4"),
    _r("prores", "ffmpeg -i @a.mp4 -t 0.3 -c:v prores_ks -profile:v 3 -vendor apl0 -pix_fmt yuv422p10le"
       " -c:a pcm_s16le out.mov"),
    _r("constrained-bitrate", "ffmpeg -i @a.mp4 X264 -b:v 400k -maxrate 500k -bufsize 1M"
       " -g 50 -keyint_min 25 -sc_threshold 0 -profile:v main -level 3.1 -x264-params nal-hrd=vbr:force-cfr=1"
       " -c:a aac -ac 2 -ar 44100 out.mp4"),
    _r("to-ts", "ffmpeg -i @a.mp4 -c copy -bsf:v h264_mp4toannexb -f mpegts out.ts"),
    _r("fragmented", "ffmpeg -i @a.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof out.mp4"),
    _r("metadata", 'ffmpeg -i @a.mp4 -map_metadata -1 -metadata title="A, \'quoted\' Title: 1/2"'
       " -metadata:s:a:0 language=eng -disposition:a:0 default -c copy out.mp4"),
    # size, shape, speed
    _r("resize", "ffmpeg -i @a.mp4 -vf scale=160:-2 X264 -c:a copy out.mp4"),
    _r("resize-option", "ffmpeg -i @a.mp4 -s 160x90 -aspect 16:9 -vcodec libx264 -preset ultrafast"
       " -acodec aac out.mp4"),
    _r("fit-and-pad", 'ffmpeg -i @tall.mp4 -vf "scale=160:90:force_original_aspect_ratio=decrease,'
       'pad=160:90:(ow-iw)/2:(oh-ih)/2:color=black,setsar=1" X264 out.mp4'),
    _r("crop-vertical", 'ffmpeg -i @a.mp4 -vf "crop=ih*9/16:ih,scale=90:160" X264 out.mp4'),
    _r("blur-pad", 'ffmpeg -i @a.mp4 -filter_complex "[0:v]scale=90:160:force_original_aspect_ratio=increase,'
       "crop=90:160,boxblur=luma_radius=min(h\\,w)/20:luma_power=1:chroma_radius=min(cw\\,ch)/20:chroma_power=1[bg];"
       '[0:v]scale=90:-2[fg];[bg][fg]overlay=(W-w)/2:(H-h)/2[v]" -map "[v]" -map 0:a? -c:v libx264'
       " -preset ultrafast out.mp4"),
    _r("rotate", "ffmpeg -i @a.mp4 -vf transpose=1 X264 -c:a copy out.mp4"),
    _r("rotate-angle", 'ffmpeg -i @a.mp4 -vf "rotate=PI/6:c=black" X264 out.mp4'),
    _r("mirror", "ffmpeg -i @a.mp4 -vf hflip,vflip -c:a copy X264 out.mp4"),
    _r("frame-rate", "ffmpeg -i @a.mp4 -filter:v fps=fps=15 X264 out.mp4"),
    _r("frame-rate-option", "ffmpeg -i @a.mp4 -r 30 -vsync cfr X264 out.mp4"),
    _r("speed-up", 'ffmpeg -i @a.mp4 -filter_complex "[0:v]setpts=0.5*PTS[v];[0:a]atempo=2.0[a]" -map "[v]"'
       ' -map "[a]" X264 out.mp4'),
    _r("slow-motion", "ffmpeg -i @a.mp4 -vf setpts=2*PTS -af atempo=0.5 X264 out.mp4"),
    _r("smooth-slow-motion", "ffmpeg -i @a.mp4 -t 0.2 -vf minterpolate=fps=30:mi_mode=blend -an out.mp4"),
    _r("timelapse", 'ffmpeg -i @a.mp4 -vf "select=not(mod(n\\,5)),setpts=N/FRAME_RATE/TB" -an -r 5 out.mp4'),
    _r("reverse", "ffmpeg -t 1 -i @a.mp4 -vf reverse -af areverse X264 out.mp4"),
    # time
    _r("trim-copy", "ffmpeg -ss 00:00:00.2 -i @a.mp4 -t 00:00:00.5 -c copy -avoid_negative_ts make_zero out.mp4"),
    _r("trim-exact", "ffmpeg -i @a.mp4 -ss 0.2 -to 0.7 X264 -c:a aac out.mp4"),
    _r("trim-filter", 'ffmpeg -i @a.mp4 -vf "trim=0.2:0.6,setpts=PTS-STARTPTS" -af "atrim=0.2:0.6,asetpts=PTS-STARTPTS"'
       " X264 out.mp4"),
    _r("last-half-second", "ffmpeg -sseof -0.5 -i @a.mp4 -c copy out.mp4"),
    _r("loop-video", "ffmpeg -stream_loop 2 -i @a.mp4 -c copy out.mp4"),
    _r("fades", 'ffmpeg -i @a.mp4 -vf "fade=t=in:st=0:d=0.2,fade=t=out:st=0.8:d=0.2"'
       ' -af "afade=t=in:ss=0:d=0.2,afade=t=out:st=0.8:d=0.2" X264 out.mp4'),
    _r("key-frames", 'ffmpeg -i @a.mp4 -force_key_frames "expr:gte(t,n_forced*0.5)" X264 out.mp4'),
    # joining
    _r("concat-filter", 'ffmpeg -i @a.mp4 -i @b.mp4 -filter_complex'
       ' "[0:v:0][0:a:0][1:v:0][1:a:0]concat=n=2:v=1:a=1[outv][outa]" -map "[outv]" -map "[outa]"'
       " X264 out.mp4"),
    _r("concat-demuxer", "ffmpeg -f concat -safe 0 -i list.txt -c copy out.mp4", "a.mp4", "b.mp4"),
    _r("slideshow", "ffmpeg -framerate 4 -i page%d.png X264 -r 25 -pix_fmt yuv420p out.mp4",
       "page1.png", "page2.png", "page3.png", "page4.png"),
    _r("slideshow-glob", "ffmpeg -framerate 2 -pattern_type glob -i '*.png' X264"
       " -pix_fmt yuv420p out.mp4", "page1.png", "page2.png"),
    _r("xfade", 'ffmpeg -i @a.mp4 -i @b.mp4 -filter_complex'
       ' "[0:v][1:v]xfade=transition=fade:duration=0.3:offset=0.6[v];'
       '[0:a][1:a]acrossfade=d=0.3[a]" -map "[v]" -map "[a]" X264 out.mp4'),
    _r("picture-in-picture", 'ffmpeg -i @a.mp4 -i @b.mp4 -filter_complex "[1:v]scale=iw/4:-1[pip];'
       '[0:v][pip]overlay=main_w-overlay_w-10:main_h-overlay_h-10:shortest=1" X264 out.mp4'),
    _r("side-by-side", "ffmpeg -i @a.mp4 -i @b.mp4 -filter_complex hstack X264 out.mp4"),
    _r("stacked", 'ffmpeg -i @a.mp4 -i @b.mp4 -filter_complex "[0:v][1:v]vstack=inputs=2[v]" -map "[v]" -an'
       " X264 out.mp4"),
    _r("mosaic", 'ffmpeg -i @a.mp4 -i @b.mp4 -i @a.mp4 -i @b.mp4 -filter_complex'
       ' "[0:v][1:v][2:v][3:v]xstack=inputs=4:layout=0_0|w0_0|0_h0|w0_h0[v]" -map "[v]" -c:v libx264'
       " -preset ultrafast out.mp4"),
    # overlays and text
    _r("watermark", 'ffmpeg -i @a.mp4 -i @logo.png -filter_complex "overlay=W-w-10:H-h-10" -codec:a copy'
       " X264 out.mp4"),
    _r("watermark-timed", "ffmpeg -i @a.mp4 -i @logo.png -filter_complex"
       " \"[1:v]format=rgba,colorchannelmixer=aa=0.5[logo];[0:v][logo]overlay=10:10:enable='between(t,0.2,0.8)'\""
       " -c:a copy X264 out.mp4"),
    _r("text", "ffmpeg -i @a.mp4 -vf \"drawtext=fontfile=font.ttf:text='Hello, World\\: 100\\\\% %{pts\\:hms}':"
       "fontcolor=white:fontsize=24:box=1:boxcolor=black@0.5:boxborderw=5:x=(w-text_w)/2:y=(h-text_h)/2\""
       " X264 out.mp4", "font.ttf",
       needs_font=True),
    _r("subtitles", "ffmpeg -i @a.mp4 -vf \"subtitles=captions.srt:force_style='FontSize=20,PrimaryColour=&H00FFFF&'\""
       " X264 out.mp4", "captions.srt"),
    _r("subtitles-of-the-film", "ffmpeg -i @clip.mkv -vf subtitles={{in_1}} X264 out.mp4",
       "clip.mkv"),
    _r("soft-subtitles", "ffmpeg -i @a.mp4 -i @captions.srt -map 0 -map 1 -c:v copy -c:a copy -c:s mov_text"
       " -metadata:s:s:0 language=eng out.mp4"),
    _r("extract-subtitles", "ffmpeg -i @clip.mkv -map 0:s:0 captions.vtt"),
    _r("box", "ffmpeg -i @a.mp4 -vf drawbox=x=10:y=10:w=100:h=50:color=red@0.5:t=fill X264 out.mp4"),
    _r("logo-removed", "ffmpeg -i @a.mp4 -vf delogo=x=10:y=10:w=50:h=20 X264 out.mp4"),
    _r("green-screen", 'ffmpeg -i @a.mp4 -i @b.mp4 -filter_complex'
       ' "[1:v]chromakey=0x00FF00:0.1:0.2[ck];[0:v][ck]overlay[out]" -map "[out]" X264 out.mp4'),
    # pictures
    _r("thumbnail", "ffmpeg -ss 00:00:00.5 -i @a.mp4 -frames:v 1 -q:v 2 thumb.jpg"),
    _r("thumbnail-vframes", "ffmpeg -i @a.mp4 -ss 0.2 -vframes 1 thumb.png"),
    _r("best-thumbnail", "ffmpeg -i @a.mp4 -vf thumbnail,scale=160:-1 -frames:v 1 thumb.webp"),
    _r("frames", "ffmpeg -i @a.mp4 -vf fps=4 frame_%03d.jpg"),
    _r("key-frame-pictures", "ffmpeg -skip_frame nokey -i @a.mp4 -fps_mode passthrough -frame_pts 0 key_%d.png"),
    _r("contact-sheet", 'ffmpeg -i @a.mp4 -vf "fps=8,scale=80:-1,tile=4x2" -frames:v 1 sheet.png'),
    _r("contact-sheet-select", "ffmpeg -i @a.mp4 -vf \"select='not(mod(n,5))',scale=80:45,tile=3x2:margin=2:padding=2\""
       " -fps_mode vfr -frames:v 1 sheet.jpg"),
    _r("gif", 'ffmpeg -t 0.5 -i @a.mp4 -vf "fps=10,scale=160:-1:flags=lanczos,split[s0][s1];[s0]palettegen[p];'
       '[s1][p]paletteuse" -loop 0 out.gif'),
    _r("gif-complex", 'ffmpeg -ss 0 -t 0.5 -i @a.mp4 -filter_complex "[0:v] fps=10,scale=w=160:h=-1,split [a][b];'
       '[a] palettegen=stats_mode=single [p];[b][p] paletteuse=new=1:dither=bayer:bayer_scale=5" out.gif'),
    _r("animated-webp", "ffmpeg -t 0.5 -i @a.mp4 -vf fps=10,scale=160:-1 -c:v libwebp_anim -lossless 0 -q:v 60 -loop 0"
       " -an out.webp"),
    _r("picture-to-video", "ffmpeg -loop 1 -i @photo.jpg -i @music.mp3 X264 -tune stillimage"
       " -c:a aac -b:a 96k -pix_fmt yuv420p -vf scale=160:90 -shortest out.mp4"),
    _r("ken-burns", "ffmpeg -loop 1 -i @photo.jpg -vf \"zoompan=z='min(zoom+0.0015,1.5)':d=10:"
       "x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)':s=160x90\" -t 0.4 X264"
       " -pix_fmt yuv420p out.mp4"),
    # sound
    _r("extract-mp3", "ffmpeg -i @a.mp4 -vn -acodec libmp3lame -q:a 2 out.mp3"),
    _r("extract-copy", "ffmpeg -i @a.mp4 -vn -c:a copy out.m4a"),
    _r("extract-wav", "ffmpeg -i @a.mp4 -vn -acodec pcm_s16le -ar 16000 -ac 1 out.wav"),
    _r("convert-audio", "ffmpeg -i @voice.wav -c:a libopus -b:a 48k -vbr on -application voip out.opus"),
    _r("flac", "ffmpeg -i @voice.wav -compression_level 8 out.flac"),
    _r("mute", "ffmpeg -i @a.mp4 -c copy -an out.mp4"),
    _r("replace-audio", "ffmpeg -i @a.mp4 -i @music.mp3 -map 0:v:0 -map 1:a:0 -c:v copy -c:a aac -shortest out.mp4"),
    _r("mix-audio", 'ffmpeg -i @a.mp4 -i @music.mp3 -filter_complex'
       ' "[1:a]volume=0.3[m];[0:a][m]amix=inputs=2:duration=first:dropout_transition=2[a]" -map 0:v -map "[a]"'
       " -c:v copy -c:a aac out.mp4"),
    _r("delayed-audio", 'ffmpeg -i @a.mp4 -i @music.mp3 -filter_complex'
       ' "[1:a]adelay=200|200[d];[0:a][d]amix=inputs=2[a]" -map 0:v -map "[a]" -c:v copy out.mp4'),
    _r("volume", "ffmpeg -i @a.mp4 -af volume=10dB -c:v copy out.mp4"),
    _r("loudness", "ffmpeg -i @a.mp4 -af loudnorm=I=-16:TP=-1.5:LRA=11 -ar 48000 -c:v copy out.mp4"),
    _r("loudness-measure", "ffmpeg -i @a.mp4 -af loudnorm=I=-16:TP=-1.5:LRA=11:print_format=json -f null -"),
    _r("voice-clean", "ffmpeg -i @voice.wav -af highpass=f=200,lowpass=f=3000,afftdn=nf=-25,acompressor out.wav"),
    _r("cut-silence", "ffmpeg -i @voice.wav -af silenceremove=1:0:-50dB out.wav"),
    _r("to-mono", "ffmpeg -i @music.mp3 -af \"pan=mono|c0=0.5*c0+0.5*c1\" -c:a libmp3lame out.mp3"),
    _r("split-channels", 'ffmpeg -i @music.mp3 -filter_complex "[0:a]channelsplit=channel_layout=stereo[l][r]"'
       ' -map "[l]" left.wav -map "[r]" right.wav'),
    _r("waveform", 'ffmpeg -i @music.mp3 -filter_complex "showwavespic=s=320x80:colors=#3366ff" -frames:v 1 wave.png'),
    _r("waveform-video", 'ffmpeg -i @music.mp3 -filter_complex "[0:a]showwaves=s=320x180:mode=line:rate=10,'
       'format=yuv420p[v]" -map "[v]" -map 0:a X264 out.mp4'),
    _r("spectrum", "ffmpeg -i @music.mp3 -lavfi showspectrumpic=s=320x160:legend=0 spectrum.png"),
    _r("silent-track", "ffmpeg -f lavfi -i anullsrc=channel_layout=stereo:sample_rate=44100 -i @silent.mp4 -c:v copy"
       " -c:a aac -shortest out.mp4"),
    _r("audio-resync", "ffmpeg -i @a.mp4 -itsoffset 0.1 -i @a.mp4 -map 0:v -map 1:a -c copy out.mp4"),
    # repair and colour
    _r("denoise", "ffmpeg -i @a.mp4 -vf hqdn3d=4:3:6:4.5 X264 out.mp4"),
    _r("deinterlace", "ffmpeg -i @a.mp4 -vf yadif=0:-1:0 X264 out.mp4"),
    _r("sharpen", "ffmpeg -i @a.mp4 -vf unsharp=5:5:1.0:5:5:0.0,eq=brightness=0.06:saturation=1.2 -c:v libx264"
       " -preset ultrafast out.mp4"),
    _r("stabilise", "ffmpeg -i @a.mp4 -vf deshake X264 out.mp4"),
    _r("grade", "ffmpeg -i @a.mp4 -vf lut3d=grade.cube,curves=preset=vintage X264 out.mp4",
       "grade.cube"),
    _r("tone-map", "ffmpeg -i @a.mp4 -t 0.2 -vf"
       " \"setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc,"
       "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,"
       'tonemap=tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p" -an out.mp4'),
    _r("grey", "ffmpeg -i @a.mp4 -vf hue=s=0 X264 out.mp4"),
    _r("test-picture", "ffmpeg -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine=frequency=1000 -t 0.5"
       " X264 out.mp4"),
    _r("end-card", 'ffmpeg -i @a.mp4 -f lavfi -t 0.4 -i color=c=black:s=320x180:r=25 -f lavfi -t 0.4 -i'
       ' anullsrc=r=44100:cl=mono -filter_complex "[0:v]setsar=1[v0];[v0][0:a][1:v][2:a]concat=n=2:v=1:a=1[v][a]"'
       ' -map "[v]" -map "[a]" X264 out.mp4'),
    # many files
    _r("hls", "ffmpeg -i @a.mp4 X264 -g 25 -c:a aac -hls_time 0.5 -hls_playlist_type vod"
       ' -hls_segment_filename "seg_%03d.ts" playlist.m3u8'),
    _r("hls-fmp4", "ffmpeg -i @a.mp4 -c copy -f hls -hls_segment_type fmp4 -hls_fmp4_init_filename init.mp4 -hls_time 1"
       " -hls_list_size 0 -hls_flags independent_segments index.m3u8"),
    _r("hls-single-file", "ffmpeg -i @a.mp4 -c copy -hls_flags single_file -hls_time 1 -hls_list_size 0 one.m3u8"),
    _r("hls-ladder", 'ffmpeg -i @a.mp4 -filter_complex "[0:v]split=2[v1][v2];[v1]scale=w=320:h=180[v1out];'
       '[v2]scale=w=160:h=90[v2out]" -map "[v1out]" -c:v:0 libx264 -preset ultrafast -b:v:0 300k -maxrate:v:0 330k'
       ' -bufsize:v:0 600k -map "[v2out]" -c:v:1 libx264 -b:v:1 150k -maxrate:v:1 165k -bufsize:v:1 300k'
       " -map 0:a:0 -c:a:0 aac -b:a:0 64k -map 0:a:0 -c:a:1 aac -b:a:1 48k -g 25 -sc_threshold 0 -f hls -hls_time 1"
       " -hls_playlist_type vod -hls_flags independent_segments -hls_segment_type mpegts"
       " -hls_segment_filename stream_%v/data%02d.ts -master_pl_name master.m3u8"
       ' -var_stream_map "v:0,a:0 v:1,a:1" stream_%v.m3u8'),
    _r("several-outputs", "ffmpeg -i @a.mp4 X264 -s 320x180 -c:a aac large.mp4"
       " X264 -s 160x90 -an small.mp4 -vn -c:a libmp3lame sound.mp3 -frames:v 1 poster.jpg"),
    _r("dash", 'ffmpeg -i @a.mp4 -map 0:v -map 0:a X264 -g 25 -c:a aac -seg_duration 1'
       ' -use_template 1 -use_timeline 1 -adaptation_sets "id=0,streams=v id=1,streams=a" -f dash manifest.mpd'),
    _r("segments", "ffmpeg -i @a.mp4 -c copy -map 0 -f segment -segment_time 0.5 -reset_timestamps 1 part_%03d.mp4"),
    _r("segment-list", "ffmpeg -i @a.mp4 -c copy -f segment -segment_time 1 -segment_list parts.m3u8 part%d.ts"),
]  # fmt: skip
