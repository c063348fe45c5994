// The songs of raw/ and what the demo voice makes of them, into docs/listen: WAV, and a picture of each. demo_voice.sh listen runs it.
var folder = Files.createDirectories(voice().paths().resolve("docs/listen"));
for (var name : List.of("music1", "music2", "music3")) {
    var c = voice().convert(voice().read(voice().paths().resolve("raw/" + name + ".wav").toString()));
    WaveWriter.write(folder.resolve(name + "_song.wav"), c.song());
    WaveWriter.write(folder.resolve(name + "_demo.wav"), WaveWriter.fitted(c.wave()).wave());
    plots().sideBySide(name, plots().mel("the song", c.mel(), c.f0()), plots().mel("the demo voice", c.sampled(), c.f0())).save(folder.resolve(name + ".png"));
}
/exit
