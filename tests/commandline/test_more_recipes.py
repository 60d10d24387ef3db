"""Further commands that people copy: read, and started by FFmpeg with no more than a tenth of a second of media."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.ffmpeg.commandline import parse, regenerate
from tests.commandline.conftest import CAPS, place, prepare

WEB = "https://media.example.com/"
OPTIONS = [
    "-vf 'scale=trunc(iw/2)*2:trunc(ih/2)*2'",
    "-vf scale=160x90:flags=lanczos",
    "-vf scale=qvga",
    "-vf \"scale='min(160,iw)':-2,format=yuv420p\"",
    "-vf 'pad=ceil(iw/2)*2:ceil(ih/2)*2'",
    "-vf crop=in_w:in_h-20",
    "-vf 'rotate=2*PI*t/10:ow=hypot(iw\\,ih):oh=ow' -pix_fmt yuv444p",
    "-vf 'rotate=PI/6:ow=rotw(PI/6):oh=roth(PI/6)' -pix_fmt yuv444p",
    "-vf transpose=2,transpose=2",
    "-vf \"select='between(t,0,0.5)+between(t,0.7,1)',setpts=N/FRAME_RATE/TB\" -af"
    " \"aselect='between(t,0,0.5)+between(t,0.7,1)',asetpts=N/SR/TB\"",
    "-vf vignette=PI/4,gblur=sigma=2,eq=contrast=1.5:brightness=-0.05:gamma=1.1",
    "-vf curves=preset=lighter,colorbalance=rs=.3",
    "-vf \"curves=m='0/0 0.5/0.58 1/1':r='0/0 1/1'\"",
    "-vf tblend=all_mode=average,framestep=2,setpts=0.50*PTS",
    "-vf \"drawtext=fontfile=font.ttf:text='%{localtime\\:%T}':x=10:y=10\"",
    "-vf \"drawtext=fontfile=font.ttf:text='%{pts\\:gmtime\\:0\\:%M}':alpha='if(lt(t,1),t,1)'\"",
    "-vf \"drawtext=fontfile=font.ttf:timecode='00\\:00\\:00\\:00':r=25:fontsize=h/10\"",
    "-vf \"drawtext=fontfile=font.ttf:text='Frame %{n}':start_number=1:enable='lt(mod(t,2),1)'\"",
    "-vf \"drawtext=fontfile=font.ttf:text='%{eif\\:10-t\\:d}':x=w/2\"",
    "-vf \"geq=lum='p(X,Y)':a='if(gt(abs(W/2-X),W/2-20),0,255)',format=yuv420p\"",
    "-vf zoompan=z=1.2:d=1:s=160x90:fps=25",
    "-vf colorkey=0x3BBD1E:0.3:0.2,format=yuv420p",
    "-vf setdar=16/9,setsar=1:1",
    "-vf bwdif,nlmeans=s=2,deband,cas=0.4",
    "-vf lut=c0=negval,hue=h=90:s=1",
    "-vf fade=in:0:10:color=white",
    "-vf blackdetect=d=0.1:pix_th=0.10 -an",
    "-vf v360=e:flat:yaw=10 -s 160x90",
    "-vf minterpolate=fps=50 -an",
    "-filter_complex '[0:v]split[a][b];[a]crop=iw/2:ih:0:0[l];[b]crop=iw/2:ih:ow:0,hflip[r];[l][r]hstack'",
    "-filter_complex 'color=s=320x180:c=#44582c:d=1,drawgrid=width=iw/10:height=ih/5:color=#9cf42f@0.1[bg];"
    "[0:a]aformat=channel_layouts=mono,compand=gain=-6,showwaves=s=320x180:colors=#9cf42f[fg];"
    "[bg][fg]overlay=format=rgb:shortest=1'",
    "-filter_complex 'nullsrc=size=320x180 [base]; [0:v] setpts=PTS-STARTPTS, scale=160x90 [small];"
    " [base][small] overlay=shortest=1 [v]' -map '[v]'",
    "-filter_complex '[0:a]asplit=2[a][b];[b]aecho=0.8:0.9:1000:0.3[e];[a][e]amerge=inputs=2[out]' -map 0:v -map"
    " '[out]' -ac 2",
    "-af atempo=1.5,volume=-3dB,alimiter=limit=0.9",
    "-af 'aresample=async=1000,dynaudnorm=f=150:g=15'",
    "-af silencedetect=n=-50dB:d=0.1",
    "-af equalizer=f=1000:t=q:w=1:g=2,bass=g=3,treble=g=-2",
    "-af 'loudnorm=I=-16:TP=-1.5:LRA=11:measured_I=-27.6:measured_LRA=1:measured_TP=-4:"
    "measured_thresh=-39:linear=true'",
    '-af "compand=attacks=0:points=-80/-80|-12.4/-12.4|-6/-8|0/-6.8|20/-2.8"',
    "-af aformat=sample_fmts=fltp:sample_rates=44100:channel_layouts=stereo",
    "-af afade=t=in:ss=0:d=0.1:curve=exp,apad=whole_dur=1",
    "-af pan='stereo|c0=c0|c1=c0'",
    "-x264-params keyint=60:min-keyint=60:scenecut=0:open-gop=0 -profile:v high -level:v 4.1",
    "-x264opts no-scenecut:bframes=2 -tune film -refs 3 -bf 2 -b:v 300k -minrate 200k -maxrate 300k -bufsize 600k",
    "-force_key_frames 00:00:00.5,00:00:00.8 -movflags +faststart+use_metadata_tags -metadata comment='a=b: c'",
    "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv -pix_fmt yuv420p",
    "-strict -2 -ar 22050 -ac 1 -b:a 48k -cutoff 8000",
    "-map 0:v:0 -map 0:a:0? -map -0:s -sn -dn -map_chapters -1 -map_metadata 0",
    "-r 30000/1001 -fps_mode cfr -g 60 -video_track_timescale 90000",
    "-r ntsc -s hd480 -aspect 16:9",
    "-metadata:s:v:0 rotate=90 -disposition:v:0 default -write_tmcd 0 -shortest -max_muxing_queue_size 1024",
]


@pytest.mark.parametrize("options", OPTIONS)
def test_copied_options_are_read_and_run(options: str, clips: Path, ffmpeg: Path, tmp_path: Path) -> None:
    if "font" in options and not (clips / "font.ttf").exists():
        pytest.skip("no font on this machine")
    program = parse(
        f"ffmpeg -i {WEB}a.mp4 {options} -preset ultrafast o.mp4", inputs={"font": WEB + "font.ttf"}
    )
    sources = place(program, clips, tmp_path)
    caps = replace(CAPS, duration_seconds=0.1)
    regenerated = regenerate(program, sources=sources, out=tmp_path / "out", ffmpeg=ffmpeg, caps=caps)
    prepare(regenerated)
    completed = subprocess.run(regenerated.argvs[0], capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 0, completed.stderr[-1500:]
    assert regenerated.outputs[0].entry.stat().st_size
