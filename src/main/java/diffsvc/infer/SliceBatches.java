package diffsvc.infer;

import java.util.ArrayList;
import java.util.List;

/**
 * Which slices of a song the denoiser takes in one batch. Slices that follow one another, with nothing or silence
 * between them, are taken together while that gains time and wastes little on padding.
 *
 * @param batches indices of slices in the order of the song; silent slices are in none
 */
record SliceBatches(List<List<Integer>> batches, int[] frames) {
    /** Share of a batch that may be padding, which takes memory and time as frames do. */
    private static final double MOST_PADDING = 0.2;

    /**
     * What a device gains by batches; docs/performance.md (Batches) has the figures.
     *
     * @param most frames of a batch of several, padding included, beyond which nothing is gained; 0: no batches
     * @param evaluation what an evaluation costs beside its frames, in frames: a slice that shares a batch saves as
     *     much, and may add less padding than that
     */
    record Gain(int most, int evaluation) {
        /** Beyond these frames the arrays of a layer leave the caches. */
        static final Gain CPU = new Gain(1600, 50);
        /** An evaluation of few frames takes as long as its kernels' launches. */
        static final Gain GPU = new Gain(16_384, 4000);

        Gain most(int frames) {
            return new Gain(frames, evaluation);
        }
    }

    /**
     * Takes slices together from the first to the last.
     *
     * @param frames of each slice on the mel's clock; 0 for one that is silent
     */
    static SliceBatches of(int[] frames, Gain gain) {
        List<List<Integer>> batches = new ArrayList<>();
        List<Integer> open = new ArrayList<>();
        long longest = 0, sum = 0;
        for (int i = 0; i < frames.length; i++) {
            if (frames[i] == 0) {
                continue;
            }
            long before = longest * open.size() - sum, padded = Math.max(longest, frames[i]) * (open.size() + 1);
            long padding = padded - sum - frames[i];
            if (open.isEmpty()
                    || padded > gain.most
                    || padding - before >= gain.evaluation
                    || padding >= MOST_PADDING * padded) {
                open = new ArrayList<>();
                batches.add(open);
                longest = 0;
                sum = 0;
            }
            open.add(i);
            longest = Math.max(longest, frames[i]);
            sum += frames[i];
        }
        return new SliceBatches(batches, frames);
    }

    /** The batch of a slice. */
    List<Integer> around(int slice) {
        return batches.stream().filter(b -> b.contains(slice)).findFirst().orElse(List.of(slice));
    }

    /** Slices that are not silent. */
    int slices() {
        return batches.stream().mapToInt(List::size).sum();
    }

    /**
     * Frames of the largest batch of several slices, padding included; 0 where each slice is alone. The same slices and
     * this number as the most give the same batches.
     */
    int largest() {
        return batches.stream()
                .filter(b -> b.size() > 1)
                .mapToInt(b ->
                        b.size() * b.stream().mapToInt(i -> frames[i]).max().orElse(0))
                .max()
                .orElse(0);
    }
}
