package diffsvc.cli;

import diffsvc.check.Problem;
import diffsvc.infer.BatchInference;
import diffsvc.infer.Inference;
import diffsvc.infer.Join;
import diffsvc.infer.Manifest;
import diffsvc.infer.Request;
import diffsvc.platform.ProcessMemory;
import diffsvc.progress.Progress;
import diffsvc.voice.Voice;
import java.nio.file.Path;
import java.util.Locale;

/** Prints what happens to each song, and keeps the exit code of the worst failure. */
final class InferReport implements BatchInference.Listener {
    private static final int MANY_STEPS = 50;
    private final Voice voice;
    private final int songs;
    private ConsoleProgress bar;
    private long began;
    private int code;
    private volatile Path running;

    InferReport(Voice voice, int songs) {
        this.voice = voice;
        this.songs = songs;
    }

    int code() {
        return code;
    }

    /** Ctrl-C: what a conversion has made until then is not written. */
    void stopped() {
        Path song = running;
        System.err.println(
                song == null
                        ? "\ninfer: stopped"
                        : "\ninfer: stopped; " + voice.paths().shown(song)
                                + " is not converted, nothing was written for it");
    }

    @Override
    public Progress begins(Request request) {
        if (songs > 1) {
            System.out.println(voice.paths().shown(request.song()));
        }
        running = request.song();
        bar = new ConsoleProgress();
        began = System.nanoTime();
        return bar;
    }

    @Override
    public void converted(Request request, Inference.Done done) {
        running = null;
        bar.close();
        print(done, voice, (System.nanoTime() - began) / 1e9);
    }

    @Override
    public void failed(Request request, Throwable e) {
        running = null;
        if (bar != null) {
            bar.close();
        }
        Failure failure = Failure.of("infer", e);
        if (failure.sentence() != null) {
            System.err.println(
                    e instanceof Problem || songs == 1
                            ? failure.sentence()
                            : request.song() + ": " + failure.sentence());
        } else if (songs == 1) {
            e.printStackTrace();
        } else {
            System.err.println("infer: " + request.song() + ": need a conversion, got " + e + "; please report it");
        }
        code = code == 2 || failure.code() == 2 ? 2 : Math.max(code, failure.code());
    }

    /** What was written, and what a person should know of it; the stages were printed as they ended. */
    static void print(Inference.Done done, Voice voice, double seconds) {
        Manifest manifest = done.manifest();
        long audible = manifest.joins().stream().filter(Join::audible).count();
        if (!manifest.joins().isEmpty()) {
            System.out.printf(
                    "joins      %d, %s%n",
                    manifest.joins().size(), audible == 0 ? "none audible" : audible + " audible");
        }
        boolean silent = manifest.slices().sounding() == 0
                || manifest.stages().stream().noneMatch(s -> s.stage().equals("vocoder"));
        if (silent) {
            System.out.println("note       the song is silent, so the output is too");
        }
        manifest.warnings().forEach(w -> System.out.println("note       " + w));
        long peak = manifest.stages().stream()
                .mapToLong(Manifest.Stage::peakBytes)
                .max()
                .orElse(0);
        double song = manifest.input().seconds();
        System.out.printf(
                Locale.ROOT,
                "total      %.1f s for %.1f s of song, %.1f times its length%s%n",
                seconds,
                song,
                seconds / Math.max(1e-9, song),
                peak > 0 ? ", peak " + ProcessMemory.shown(peak) : "");
        if (voice.times().length - 1 > MANY_STEPS && seconds > song) {
            System.out.println("note       faster: --sampler unipc2 --steps 20");
        }
        if (done.f0Export() != null) {
            System.out.println("wrote      " + voice.paths().shown(done.f0Export()));
        }
        System.out.println((done.replaced() ? "replaced   " : "wrote      ")
                + voice.paths().shown(done.file()));
    }
}
