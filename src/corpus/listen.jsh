// Makes docs/listen: the songs of raw/ before and after, as FLAC at 24 kHz, and their mels. In the project's folder:
//     ./diffsvc jshell < src/corpus/listen.jsh
var out = Files.createDirectories(Path.of("docs/listen"));
var voices = Map.of("demo", Voice.open("demo"), "f001", Voice.open("f001"));
void keep(String name, Wave wave) {
    float peak = wave.peak();
    var small = Wave.mono(Resampler.to(24000, wave), 24000);
    WaveWriter.write(out.resolve(name + ".flac"), small.times(Math.min(1, 0.9f / small.peak())));
}
for (int i = 1; i <= 3; i++) {
    var song = voices.get("demo").read("raw/music" + i + ".wav");
    keep("music" + i, song);
    for (var voice : voices.entrySet()) {
        keep("music" + i + "_" + voice.getKey(), voice.getValue().convert(song).wave());
    }
}
var c = voices.get("demo").convert(voices.get("demo").read("raw/music1.wav").slice(0, 6));
plots().sideBySide("mel", plots().mel("raw/music1.wav", c.mel(), c.f0()), plots().mel("in the demo voice", c.sampled(), c.f0())).save(out.resolve("music1.png"));
/exit
