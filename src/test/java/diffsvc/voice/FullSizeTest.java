package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.VocoderConfig;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files of the published sizes: HuBERT-soft of 378 MB, WaveNet of 128 MB, NSF-HiFiGAN of 57 MB. A process with 512 MB
 * of heap loads all three at once, in seconds, and its own memory grows by little more than the files.
 */
@Tag("memory")
class FullSizeTest {
    private static final double MOST_GROWTH = 1.3, MOST_CPU_SECONDS = 20;

    @TempDir
    Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void publishedSizesLoadInASmallHeap() throws Exception {
        try (NDManager m = NDManager.newBaseManager()) {
            try (HubertSoft net = HubertSoft.random(m, new HubertSoft.Sizes(512, 768, 12, 12, 3072, 256, 100), 1)) {
                write("hubert_soft.pt", net.weights(), "");
            }
            try (WaveNet net = WaveNet.random(m, WaveNet.Sizes.of(Hparams.defaults()), 2)) {
                write("wavenet.pt", net.weights(), "model.denoise_fn.");
            }
            try (HifiGan net =
                    HifiGan.random(m, VocoderKind.NSF_HIFIGAN, VocoderConfig.published(VocoderKind.NSF_HIFIGAN), 3)) {
                Map<String, TorchTensor> tensors = net.weights().toTensors("");
                tensors.put("m_source.l_linear.weight", TorchTensor.of(new float[9], 1, 9));
                tensors.put("m_source.l_linear.bias", TorchTensor.of(new float[1], 1));
                TorchFile.write(folder.resolve("nsf_hifigan.pt"), Map.of("generator", tensors));
            }
        }
        Files.writeString(
                folder.resolve("nsf_hifigan.json"),
                """
                {"resblock": "1", "upsample_rates": [8, 8, 2, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4, 4], "upsample_initial_channel": 512,
                 "resblock_kernel_sizes": [3, 7, 11], "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]], "num_mels": 128, "n_fft": 2048,
                 "hop_size": 512, "win_size": 2048, "sampling_rate": 44100, "fmin": 40, "fmax": 16000}
                """);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                Loading.class.getName(),
                folder.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        assertEquals(0, process.exitValue(), said);
        String[] figures = said.lines()
                .filter(l -> l.startsWith("loaded "))
                .findFirst()
                .orElseThrow(() -> new AssertionError(said))
                .split(" ");
        double seconds = Double.parseDouble(figures[1]),
                growth = Double.parseDouble(figures[2]),
                files = Double.parseDouble(figures[3]);
        System.out.printf(
                "full-size files: %.0f MB in %.1f s of processor time, anonymous memory grew by %.0f MB (%.2f of the files)%n",
                files / 1e6, seconds, growth / 1e6, growth / files);
        assertTrue(files > 500e6, "files of " + files);
        assertTrue(growth <= MOST_GROWTH * files, growth + " of " + files);
        assertTrue(seconds < MOST_CPU_SECONDS, seconds + " s");
    }

    private void write(String name, Weights weights, String prefix) {
        TorchFile.write(folder.resolve(name), weights.toTensors(prefix));
    }

    /** The process that loads. */
    static final class Loading {
        public static void main(String[] args) throws Exception {
            Path folder = Path.of(args[0]);
            try (NDManager manager = NDManager.newBaseManager()) {
                manager.ones(new Shape(10)).sum().getFloat();
                System.gc();
                long before = anonymous(), start = cpuNanos();
                HubertSoft hubert = HubertSoft.load(manager, folder.resolve("hubert_soft.pt"), 0);
                WaveNet wavenet =
                        WaveNet.load(manager, Hparams.defaults(), StateDict.read(folder.resolve("wavenet.pt")));
                HifiGan vocoder = HifiGan.load(manager, VocoderKind.NSF_HIFIGAN, folder.resolve("nsf_hifigan.pt"));
                double seconds = (cpuNanos() - start) / 1e9;
                long bytes = 0;
                for (String name : new String[] {"hubert_soft.pt", "wavenet.pt", "nsf_hifigan.pt"}) {
                    bytes += Files.size(folder.resolve(name));
                }
                System.out.println("loaded " + seconds + " " + (anonymous() - before) + " " + bytes + " "
                        + hubert.sizes() + wavenet.sizes() + vocoder.config().mels());
            }
        }

        /** Processor time: what a machine that others use too does not change. */
        private static long cpuNanos() {
            return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                    .getProcessCpuTime();
        }

        private static long anonymous() throws Exception {
            Map<String, Long> status = new LinkedHashMap<>();
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("RssAnon:")) {
                    status.put("anon", Long.parseLong(line.replaceAll("\\D", "")) * 1024);
                }
            }
            return status.get("anon");
        }
    }
}
