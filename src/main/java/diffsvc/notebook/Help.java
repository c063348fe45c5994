package diffsvc.notebook;

/** One screen of what to try, for JShell and notebooks. */
public final class Help {
    private Help() {}

    /**
     * The screen: at most 24 lines of 100 characters.
     *
     * @return lines with breaks between
     */
    public static String page() {
        return """
            A voice      session()                               the demo voice, opened at the first call
                         DiffSvc.open("tenor", "infer.key=2")    another one, with settings of your own
                         session().with("infer.sampler=unipc2,infer.steps=20")   the same voice, quicker
                         DiffSvc.random("")                      random weights in the published sizes: for shapes
            A song       var song = session().read("raw/music1.wav").slice(0, 6)
                         session().convert(song).wave()          all stages at once
            By steps     var signal = session().signal(song)     44.1 kHz, one channel
                         var mel = session().mel(signal)         [1, T, M], log10
                         var melody = session().pitch(signal)    F0 and voicing
                         var units = session().units(song)       [1, P, H]
                         var conds = session().align(units, melody, mel)
                         var condition = session().embed(conds)  cond [1, T, H]
                         var x = session().denoise(condition, session().start(conds.frames(), mel, 7), 7, ProgressBar.of("sampling"))
                         var sung = session().toMel(x, conds)    [1, T, M]
            Looking      show(mel)                               a tensor in a line, a record a line a part
                         var p = session().plots().mel("mel", mel, melody)
                         p.show(), p.save("mel.png"), p.save("mel.svg")
                         session().trace(song).table()           every stage's value
                         WaveWriter.write(Path.of("x.wav"), wave)
            Memory       session().held(), session().clear()     nothing needs close()
                         session().last()                        what a stopped call had made so far
            Keys         Tab completes, Tab again shows Javadoc; Ctrl-C stops a call; /exit leaves
            """;
    }
}
