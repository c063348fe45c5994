package diffsvc.notebook;

/** One screen of calls to try, for JShell and notebooks. */
public final class Help {
    private static final String OF_JSHELL =
            """
            A voice   voice()                             the demo, opened at the first call
                      Voice.open("f001", h -> h.infer(i -> i.key(2)))
                      Voice.random()                      random weights, published sizes
            A song    var song = voice().read("raw/music1.wav").slice(0, 6)
                      var c = voice().convert(song)       nothing has run yet
                      c.f0(), c.units(), c.conds()        a stage runs when asked for
                      c.wave(), c.stages().table()        all of them
                      c.key(2).wave()                     only what follows runs again
            By steps  var source = voice().analyse(song)      mel, F0, units, conds
                      var condition = voice().embed(source.conds())   cond [1, T, H]
                      var start = voice().start(source.mel(), 7)
                      var x = voice().denoise(condition, start, 7, ProgressBar.of("x"))
                      var mel = voice().toMel(x, source.conds())      [1, T, M]
                      var wave = voice().vocode(mel, source, 7)
            Looking   show(mel), show(a, b)               tensors, records, waves, anything
                      var p = plots().mel("mel", mel, source.f0())
                      p.show(), p.save("mel.png"), p.save("mel.svg")
                      WaveWriter.write(Path.of("x.wav"), wave)
            Inside    voice().taps(), c.tap("wavenet.block3.gate").table()
                      c.patch("wavenet.block3.skip", x -> x.mul(0)).wave()
            Judging   bench().evaluate(c)                 pitch, voice, words, sound: ranked
            Memory    bench().held(), bench().clear()         nothing needs close()
                      bench().last()                      what a stopped call has made
            Keys      Tab completes, Tab again shows Javadoc; Ctrl-C stops a call
            """;

    private Help() {}

    /** The screen: at most 24 lines of at most 80 characters, with the names that JShell or a notebook has. */
    public static String page() {
        return Display.isThere() ? ofNotebook() : OF_JSHELL;
    }

    /** A notebook has variables where JShell has methods, and its own keys. */
    static String ofNotebook() {
        return OF_JSHELL
                .replaceFirst("voice\\(\\)  .*", "var bench = Workbench.open(\"demo\"); var voice = bench.voice();")
                .replaceFirst("(?m)^( +)(Voice.random)", "$1var plots = bench.plots();\n$1$2")
                .replaceAll("\\b(voice|bench|plots)\\(\\)(?!;)", "$1")
                .replace("p.show(), p.save", "p.save")
                .replaceFirst(
                        "Tab completes, .*", "Tab completes, Shift+Tab shows Javadoc; the stop button ends a call");
    }
}
