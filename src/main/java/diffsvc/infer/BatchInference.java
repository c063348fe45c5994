package diffsvc.infer;

import diffsvc.check.Problem;
import diffsvc.files.Output;
import diffsvc.progress.Progress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Songs one after the other through one voice. All outputs are tried before the first song; a song that fails is
 * reported, and the others are still converted.
 */
public record BatchInference(Inference inference) {
    /** Receives the events of each song. */
    public interface Listener {
        /** A song begins; the returned listener receives its stages. */
        Progress begins(Request request);

        /** A song is converted and written. */
        void converted(Request request, Inference.Done done);

        /** A song failed, before or during its conversion; even an error of memory does not end the others. */
        void failed(Request request, Throwable error);
    }

    /**
     * Converts every song that can be.
     *
     * @return how many were converted
     * @throws Problem when two songs have one output
     */
    public int run(List<Request> requests, Listener listener) {
        Map<String, Path> targets = new LinkedHashMap<>();
        for (Request r : requests) {
            Path out = inference.target(r);
            Path other =
                    targets.putIfAbsent(Output.real(Inference.manifestOf(out)).toString(), r.song());
            if (other != null) {
                throw Problem.in(
                        "output",
                        out,
                        "one output name per song",
                        other + " and " + r.song(),
                        "rename one, or convert them into different folders (--out)");
            }
        }
        List<Request> possible = new ArrayList<>();
        for (Request r : requests) {
            if (attempt(r, listener, () -> inference.check(r))) {
                possible.add(r);
            }
        }
        int converted = 0;
        for (Request r : possible) {
            converted +=
                    attempt(r, listener, () -> listener.converted(r, inference.convert(r, listener.begins(r)))) ? 1 : 0;
        }
        return converted;
    }

    private static boolean attempt(Request request, Listener listener, Runnable work) {
        try {
            work.run();
            return true;
        } catch (Throwable e) {
            listener.failed(request, e);
            return false;
        }
    }
}
