package diffsvc.memory;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.ProcessMemory;
import diffsvc.tensor.Cost;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.ToLongFunction;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * How many clips of a length each model may take at once below a limit of the whole process, or of its memory on a GPU;
 * each model alone in it.
 *
 * @param limit bytes that the process may take at its peak (VmHWM), or on the GPU
 * @param baseline bytes of the process before it opens a model, with the Java heap at its largest
 * @param seconds of a clip
 */
public record Plan(long limit, long baseline, double seconds, List<Line> lines) {
    private static final String STAGE = "memory", DENOISER = "wavenet";
    /** More clips at once gain nothing on a CPU; training.batch can ask for more. */
    public static final int MOST = Cost.MOST_CLIPS;

    private static final double SHORTEST_SLICE = 2;
    /**
     * What the first recording leaves whatever its length: compiled code, buffers of the engine's threads. Measured.
     */
    private static final long FIRST_RECORDING = 128L << 20;

    /**
     * One model.
     *
     * @param at what its sizes were taken from: a file, or the published ones
     * @param frames of one clip on its own time axis
     * @param batch clips at once (CREPE: windows at once); 0 = not even one
     * @param peak bytes above the baseline with that batch, with one clip where not even that fits
     */
    public record Line(Cost cost, String at, int frames, int batch, long peak) {
        /** Bytes above the baseline with a batch of 1. */
        public long least() {
            return cost.peak(1, frames);
        }
    }

    /**
     * A model, and where its sizes were taken from.
     *
     * @param at a file, or "published sizes"
     */
    public record Model(Cost cost, String at) {}

    /**
     * The largest batch of each model below the limit.
     *
     * @param models of one voice, the two trained ones together
     * @param seconds of a clip
     * @param limit bytes the process may take
     * @param baseline bytes of the process without models
     */
    public static Plan of(List<Model> models, double seconds, long limit, long baseline) {
        List<Line> lines = new ArrayList<>();
        for (Model model : models) {
            Cost c = model.cost();
            int frames = c.frames(seconds), batch = largest(c, frames, limit - baseline, c.most());
            lines.add(new Line(c, model.at(), frames, batch, c.peak(Math.max(1, batch), frames)));
        }
        return new Plan(limit, baseline, seconds, lines);
    }

    /**
     * The largest batch whose peak stays within {@code bytes}; 0 where not even one clip fits.
     *
     * @param frames T of a clip
     * @param most clips at once
     */
    public static int largest(Cost cost, int frames, long bytes, int most) {
        int batch = 0;
        while (batch < most && cost.peak(batch + 1, frames) <= bytes) {
            batch++;
        }
        return batch;
    }

    /**
     * Batch and accumulation for training within a limit.
     *
     * @param frames of the longest clip of a batch
     * @param clips asked for at once
     * @param limit bytes the process may take
     * @param baseline bytes of the process without models
     * @return the hparams with the largest batch that fits, at most training.batch (0 = at most {@link #MOST}); where
     *     it is smaller than asked, as many more batches are accumulated, so that an update sees as many clips
     * @throws Problem with the smallest limit that would do, where not even one clip fits
     */
    public static Hparams fitted(Hparams hparams, int frames, int clips, long limit, long baseline) {
        Cost pair = TrainingCost.of(hparams);
        int asked = hparams.training().batch(),
                most =
                        asked > 0
                                ? asked
                                : hparams.training().cropFrames() > 0 ? MOST : Math.max(1, Math.min(MOST, clips));
        int batch = largest(pair, frames, limit - baseline, most);
        if (batch == 0) {
            throw tooSmall(
                    "train",
                    limit,
                    baseline + pair.peak(1, frames),
                    "the two models in training and one clip of " + frames + " frames");
        }
        while (asked > 0 && asked % batch != 0) {
            batch--;
        }
        int accumulate = Math.max(1, hparams.training().accumulate());
        int fitted = batch;
        return hparams.training(
                t -> t.batch(fitted).accumulate(asked > 0 ? accumulate * (asked / fitted) : accumulate));
    }

    /**
     * The longest slice, in seconds, that a conversion may take at once.
     *
     * @param costs of the models, which are open already: one after the other they work above what the process takes
     * @param limit bytes the process may take
     * @param baseline bytes of the process without models
     * @param wanted seconds that the result never exceeds
     * @throws Problem with the smallest limit that would do, where not even the shortest slice fits
     */
    public static double sliceSeconds(List<Cost> costs, long limit, long baseline, double wanted) {
        for (double seconds = Math.max(SHORTEST_SLICE, wanted);
                seconds >= SHORTEST_SLICE;
                seconds = seconds == SHORTEST_SLICE ? 0 : Math.max(SHORTEST_SLICE, seconds * 0.9)) {
            if (baseline + most(costs, seconds) <= limit) {
                return seconds;
            }
        }
        throw tooSmall(
                "infer",
                limit,
                baseline + most(costs, SHORTEST_SLICE),
                "this voice's models and slices of " + SHORTEST_SLICE + " s");
    }

    /**
     * The most mel frames that the denoiser may take in one batch of a conversion's slices.
     *
     * @param costs of the models, which are open already
     * @param seconds of the longest slice, as {@link #sliceSeconds} gives it
     * @param kept bytes that each frame keeps until the last slice of the batch is written
     * @param limit bytes the process may take
     * @param baseline bytes of the process without models
     * @param wanted frames that the result never exceeds
     * @return 0 and up: a limit with little room gives batches of one slice, never a refusal
     */
    public static int batchFrames(
            List<Cost> costs, double seconds, double kept, long limit, long baseline, int wanted) {
        Cost denoiser = costs.stream()
                .filter(c -> c.model().equals(DENOISER))
                .findFirst()
                .orElse(Cost.none(DENOISER, 1));
        long longest = most(costs, seconds), room = limit - baseline;
        int least = 0, most = wanted;
        while (least < most) { // the bytes grow with the frames
            int frames = (int) ((least + (long) most + 1) / 2);
            if (Math.max(longest, denoiser.atWork(1, frames)) + kept * frames <= room) {
                least = frames;
            } else {
                most = frames - 1;
            }
        }
        return least;
    }

    /**
     * How many recordings preprocessing may analyse at the same time. Each runs the networks one after the other over
     * one clip after the other.
     *
     * @param costs of content encoder and pitch extractor
     * @param seconds of the longest clip
     * @param own bytes that a recording takes beside the networks
     * @param limit bytes the process may take
     * @param baseline bytes of the process without models
     * @param most recordings that the result never exceeds
     * @return 1 to most
     * @throws Problem with the smallest limit that would do, where there is no room for one
     */
    public static int recordings(List<Cost> costs, double seconds, double own, long limit, long baseline, int most) {
        long weights = costs.stream().mapToLong(Cost::weights).sum(),
                each = Math.max(1, most(costs, seconds) + Math.round(own)),
                room = limit - baseline - weights - FIRST_RECORDING;
        if (room < each) {
            throw tooSmall(
                    "preprocess",
                    limit,
                    limit - room + each,
                    "content encoder, pitch extractor and one recording at a time");
        }
        return (int) Math.min(most, room / each);
    }

    private static long most(List<Cost> costs, double seconds) {
        return costs.stream()
                .mapToLong(c -> c.atWork(c.atOnce(), c.frames(seconds)))
                .max()
                .orElse(0);
    }

    /**
     * Bytes that some of the models take together: their weights, and each at work as a conversion runs it.
     *
     * @param models names as in {@link Cost#model}; hubert and crepe are what conds take
     * @param seconds of a clip
     */
    public long together(Set<String> models, double seconds) {
        return lines.stream()
                .map(Line::cost)
                .filter(c -> models.contains(c.model()))
                .mapToLong(c -> c.peak(c.atOnce(), c.frames(seconds)))
                .sum();
    }

    /** Refuses a limit below which one of the models cannot take a single clip. */
    public void require() {
        Line worst = lines.stream()
                .filter(l -> l.batch() == 0)
                .max(Comparator.comparingLong(Line::least))
                .orElse(null);
        if (worst != null) {
            throw tooSmall(
                    STAGE,
                    limit,
                    baseline + worst.least(),
                    worst.cost().model() + " and one clip of " + seconds + " s");
        }
    }

    private static Problem tooSmall(String stage, long limit, long least, String what) {
        long mib = (least + (1 << 20) - 1) >> 20;
        return Problem.in(
                stage,
                "at least " + mib + " MiB for " + what,
                ProcessMemory.shown(limit),
                "give --max-memory " + mib + "MiB or more" + (stage.equals("infer") ? "" : ", or take shorter clips"));
    }

    /**
     * What counts before a model opens. On the CPU: bytes of this process with its engine started, plus what the Java
     * heap may still grow by. On a GPU: the engine's context there, with the kernels and workspaces of its libraries.
     *
     * @param manager on the device
     */
    public static long baseline(NDManager manager) {
        if (manager.getDevice().isGpu()) {
            return GPU_CONTEXT;
        }
        try (NDManager scratch = manager.newSubManager()) {
            NDArray x = scratch.randomNormal(new Shape(64, 64));
            x.matMul(x).toFloatArray();
        }
        Runtime java = Runtime.getRuntime();
        long resident = ProcessMemory.resident();
        return (resident < 0 ? UNKNOWN : resident) + java.maxMemory() - java.totalMemory();
    }

    private static final long UNKNOWN = 200 << 20, GPU_CONTEXT = 768L << 20;

    /**
     * Bytes that baseline and models may take together: {@link ProcessMemory#limit}, or on a GPU what is free there and
     * what {@link #baseline} counts.
     *
     * @return negative where the system does not say
     */
    public static long available(ComputeDevice device) {
        return device.isGpu() ? device.available() + GPU_CONTEXT : device.available();
    }

    /**
     * One row for each model, in MiB. The column for GPUs is what the arrays take, without the process; it has not been
     * compared with a GPU.
     */
    public Table table() {
        Table t = Table.create("memory");
        t.addColumns(
                StringColumn.create("model", lines.stream().map(l -> l.cost().model())),
                StringColumn.create("sizes_of", lines.stream().map(Line::at)),
                IntColumn.create("frames", lines.stream().mapToInt(Line::frames)),
                mib("weights_mib", l -> l.cost().weights()),
                mib("one_clip_mib", l -> l.cost().atWork(1, l.frames())),
                mib(
                        "next_clip_mib",
                        l -> l.cost().atWork(2, l.frames()) - l.cost().atWork(1, l.frames())),
                IntColumn.create("batch", lines.stream().mapToInt(Line::batch)),
                mib("process_mib", l -> baseline + l.peak()),
                mib("gpu_untested_mib", Line::peak));
        return t;
    }

    private LongColumn mib(String name, ToLongFunction<Line> of) {
        return LongColumn.create(
                name,
                lines.stream()
                        .mapToLong(l -> of.applyAsLong(l) + (1 << 19) >> 20)
                        .toArray());
    }
}
