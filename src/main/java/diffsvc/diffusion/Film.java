package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keeps some of the guesses of the clean mel during sampling, evenly spread, the first and the last among them. Pass it
 * to {@link Denoising} as the listener, and the guesses to a film strip.
 */
public final class Film implements StepListener {
    private final NDManager home;
    private final MelRange range;
    private final int frames;
    private final Map<String, NDArray> guesses = new LinkedHashMap<>();

    /**
     * An empty film.
     *
     * @param home owns the guesses
     * @param range from the denoiser's [-1, 1] to log10
     * @param frames how many guesses to keep, at least 2; if there are fewer steps, all are kept
     * @throws Problem for fewer than 2
     */
    public Film(NDManager home, MelRange range, int frames) {
        if (frames < 2) {
            throw Problem.in(
                    "film", "2 frames or more, the first guess and the last", String.valueOf(frames), "ask for 6");
        }
        this.home = home;
        this.range = range;
        this.frames = frames;
    }

    @Override
    public void after(int done, int of, double t, Sampler.Step step) {
        if (done == 1) {
            guesses.clear(); // another walk starts over
        }
        if (of == 1 || frame(done, of) != frame(done - 1, of)) {
            NDArray guess = range.denorm(step.x0());
            guess.attach(home);
            guesses.put("x0 after step " + done + " of " + of, guess);
        }
    }

    /** The frame that a step belongs to; the first step alone is frame 0. */
    private int frame(int done, int of) {
        return done < 1 ? -1 : (int) ((done - 1L) * (frames - 1) / (of - 1));
    }

    /** The guesses so far, in the order of the steps: [B, T, M] log10 by "x0 after step 41 of 200". */
    public Map<String, NDArray> guesses() {
        return Collections.unmodifiableMap(guesses);
    }
}
