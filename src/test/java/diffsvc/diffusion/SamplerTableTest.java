package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.voice.Voice;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Which sampler comes nearest, with few evaluations, to where a thousand end: the table that the documents show, on the
 * demo voice.
 */
class SamplerTableTest {
    private static final String[] SAMPLERS = {"plms", "ddim", "dpmpp", "unipc2", "unipc3"};
    private static final int[] EVALUATIONS = {1, 2, 5, 10, 20, 50};
    private static final double SECONDS = 3;

    /** Mean absolute distance of the mels, log10, from the 1000 evaluations' own of each start. */
    @Tag("long")
    @Test
    void fewEvaluationsAgainstAThousand() {
        Map<String, double[]> table = new LinkedHashMap<>();
        String[] songs = {"music1", "music2", "music3"};
        for (String song : songs) {
            NDArray reference;
            try (NDManager m = NDManager.newBaseManager()) {
                reference = mel(m, song, "unipc2", 1000);
                NDArray other = mel(m, song, "plms", 1000);
                System.out.printf(
                        "%s: plms with 1000 evaluations is %.4f from unipc2 with 1000%n",
                        song, reference.sub(other).abs().mean().getFloat());
                for (String sampler : SAMPLERS) {
                    double[] row = table.computeIfAbsent(sampler, s -> new double[EVALUATIONS.length]);
                    for (int i = 0; i < EVALUATIONS.length; i++) {
                        try (NDManager own = NDManager.newBaseManager()) {
                            row[i] += reference
                                            .sub(mel(own, song, sampler, EVALUATIONS[i]))
                                            .abs()
                                            .mean()
                                            .getFloat()
                                    / songs.length;
                        }
                    }
                }
            }
        }
        System.out.println("| sampler | 1 | 2 | 5 | 10 | 20 | 50 |");
        table.forEach((name, row) -> System.out.println("| " + name + " | "
                + Arrays.stream(row)
                        .mapToObj(x -> String.format(Locale.ROOT, "%.4f", x))
                        .collect(Collectors.joining(" | "))
                + " |"));
        int last = EVALUATIONS.length - 1;
        table.forEach((name, row) -> assertTrue(row[last] < row[0], name + " comes nearer with more evaluations"));
    }

    private static NDArray mel(NDManager home, String song, String sampler, int evaluations) {
        try (Voice voice = Voice.open(
                "demo", h -> Arg2Hparams.apply(h, "infer.sampler=" + sampler + ",infer.steps=" + evaluations))) {
            Wave wave = voice.read("src/test/resources/songs/" + song + ".wav").slice(1, 1 + SECONDS);
            var signal = voice.signal(wave);
            NDArray source = voice.mel(signal);
            Conds conds = voice.align(voice.units(wave), voice.f0(signal), source);
            EmbeddingModel.Condition condition = voice.embed(conds);
            Sampler s = voice.sampler();
            NDArray x = Denoising.run(s, voice.network(condition), voice.start(source, 7), voice.times());
            NDArray mel = voice.toMel(x, conds)
                    .maximum((float) voice.hparams().audio().melVmin())
                    .minimum((float) voice.hparams().audio().melVmax());
            return home.create(mel.toFloatArray(), mel.getShape());
        }
    }
}
