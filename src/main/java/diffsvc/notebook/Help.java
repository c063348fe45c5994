package diffsvc.notebook;

/** One screen of calls to try, for JShell and notebooks. */
public final class Help {
    private Help() {}

    /** The screen: at most 24 lines of at most 80 characters. */
    public static String page() {
        return """
            A voice   session()                           the demo, opened at the first call
                      DiffSvc.open("tenor", "infer.key=2")    another one, other settings
                      session().with("infer.sampler=unipc2,infer.steps=20")     quicker
                      DiffSvc.random("")                  random weights, published sizes
            A song    var song = session().read("raw/music1.wav").slice(0, 6)
                      session().convert(song).wave()      all stages at once
            By steps  var signal = session().signal(song)     44.1 kHz, one channel
                      var mel = session().mel(signal)         [T, M], log10
                      var melody = session().pitch(signal)    F0 and voicing
                      var units = session().units(song)       [1, P, H]
                      var conds = session().align(units, melody, mel)
                      var condition = session().embed(conds)  cond [1, T, H]
                      var start = session().start(conds.frames(), mel, 7)
                      var x = session().denoise(condition, start, 7, ProgressBar.of("x"))
                      var sung = session().toMel(x, conds)    [1, T, M]
            Looking   show(mel), show(a, b)               tensors, records, waves, anything
                      var p = session().plots().mel("mel", mel, melody)
                      p.show(), p.save("mel.png"), p.save("mel.svg")
                      session().trace(song).table()       the value of every stage
                      WaveWriter.write(Path.of("x.wav"), wave)
            Memory    session().held(), session().clear() nothing needs close()
                      session().last()                    what a stopped call has made
            Keys      Tab completes, Tab again shows Javadoc; Ctrl-C stops a call
            """;
    }
}
