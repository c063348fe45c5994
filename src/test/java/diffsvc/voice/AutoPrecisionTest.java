package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.files.Remembered;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.CpuEngine;
import diffsvc.testing.Machines;
import diffsvc.voice.AutoPrecision.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AutoPrecisionTest {
    private static final Measured FAST = new Measured(5.5, 2.5, 0.003), SLOW = new Measured(5.5, 12, 0.003);

    @TempDir
    Path folder;

    private int measurements;

    private AutoPrecision made(Remembered kept, Measured result) {
        return new AutoPrecision(kept, key -> {
            measurements++;
            return result;
        });
    }

    private AutoPrecision made(Measured result) {
        return made(Remembered.NOTHING, result);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "5.5 | 2.5  | 0.003    | auto is mixed: a convolution takes 2.5 ms in bfloat16, 5.5 ms in float32",
                "5.0 | 4.0  | 0.1      | auto is mixed: a convolution takes 4.0 ms in bfloat16, 5.0 ms in float32",
                "4.9 | 4.0  | 0.003    | auto is float32: a convolution takes 4.0 ms in bfloat16, 4.9 ms in float32;"
                        + " below 1.25 times as fast it stays",
                "5.5 | 12.0 | 0.003    | auto is float32: a convolution takes 12.0 ms in bfloat16, 5.5 ms in float32;"
                        + " below 1.25 times as fast it stays",
                "5.5 | 2.5  | 0.11     | auto is float32: a convolution in bfloat16 differs by 11 % from float32",
                "5.5 | 2.5  | NaN      | auto is float32: a convolution in bfloat16 differs by NaN % from float32",
                "5.5 | 2.5  | Infinity | auto is float32: a convolution in bfloat16 differs by Infinity % from float32"
            })
    void bfloat16IsTakenWhereItIsClearlyFasterAndRight(
            double float32Millis, double bfloat16Millis, double apart, String reason) {
        Measured measured = new Measured(float32Millis, bfloat16Millis, apart);
        assertEquals(reason, made(measured).reason(ComputeDevice.CPU, true));
        assertEquals(reason.contains("auto is mixed"), measured.gains());
    }

    @Test
    void nothingIsMeasuredWhereTheAnswerIsKnown() {
        AutoPrecision auto = made(FAST);
        ComputeDevice gpu = ComputeDevice.named("cuda:0", Machines.ONE.report());
        Hparams h = Hparams.defaults();
        assertEquals(Precision.FLOAT32, auto.of(h, gpu));
        assertEquals(Precision.FLOAT32, auto.of(h.quirks(Hparams.Quirks.PYTHON), ComputeDevice.CPU));
        for (Precision p : new Precision[] {Precision.FLOAT32, Precision.MIXED, Precision.BFLOAT16}) {
            assertEquals(p, auto.of(p, Hparams.Quirks.FIXED, ComputeDevice.CPU));
        }
        String none = auto.reason(ComputeDevice.CPU, false);
        assertTrue(none.startsWith("auto is float32: no bfloat16 instructions"), none);
        assertEquals("auto is float32 on a GPU; on the CPU, " + none, auto.reason(gpu, false));
        assertEquals(0, measurements);
    }

    @Test
    void theDeviceIsAskedFirstThenTheMeasurement() {
        boolean may = ComputeDevice.CPU.mayGainByBfloat16();
        assertEquals(
                may ? Precision.MIXED : Precision.FLOAT32,
                made(FAST).of(Precision.AUTO, Hparams.Quirks.FIXED, ComputeDevice.CPU));
        assertEquals(Precision.FLOAT32, made(SLOW).of(Precision.AUTO, Hparams.Quirks.FIXED, ComputeDevice.CPU));
        assertEquals(may ? 2 : 0, measurements);
    }

    @Test
    void aMachineIsMeasuredOnceForAFolder() throws IOException {
        Remembered kept = new Remembered(folder.resolve("cache"));
        String reason = made(kept, FAST).reason(ComputeDevice.CPU, true);
        AutoPrecision again = made(kept, SLOW);
        assertEquals(reason, again.reason(ComputeDevice.CPU, true));
        assertEquals(reason, again.reason(ComputeDevice.CPU, true));
        assertEquals(1, measurements);
        Path file = kept.entries().get(0).file();
        Files.writeString(file, Files.readString(file).replace("2.5", "2.4"));
        assertTrue(made(kept, SLOW).reason(ComputeDevice.CPU, true).contains("12.0 ms in bfloat16"), "damaged");
        assertEquals(2, measurements);
        kept.clear();
        made(kept, FAST).reason(ComputeDevice.CPU, true);
        assertEquals(3, measurements);
    }

    @Test
    void factsThatNobodyMeasuredAreMeasuredAgain() {
        Remembered kept = new Remembered(folder);
        String key = CpuEngine.key();
        for (Map<String, String> facts : List.of(
                Map.<String, String>of(),
                Map.of("float32_ms", "5.5", "bfloat16_ms", "2.5"),
                Map.of("float32_ms", "5.5", "bfloat16_ms", "fast", "apart", "0"),
                Map.of("float32_ms", "5.5", "bfloat16_ms", "-1", "apart", "0"),
                Map.of("float32_ms", "NaN", "bfloat16_ms", "1", "apart", "0"))) {
            kept.keep(Remembered.Kind.MACHINE, key, facts);
            assertTrue(
                    made(kept, SLOW).reason(ComputeDevice.CPU, true).contains("12.0 ms in bfloat16"), facts.toString());
        }
        assertEquals(5, measurements);
    }

    @Test
    void aFolderThatCannotBeWrittenCostsTheRepeat() throws IOException {
        Remembered kept = new Remembered(Files.writeString(folder.resolve("cache"), "a file"));
        AutoPrecision auto = made(kept, FAST);
        assertTrue(auto.reason(ComputeDevice.CPU, true).startsWith("auto is mixed"));
        auto.reason(ComputeDevice.CPU, true);
        assertEquals(1, measurements, "a voice keeps its answer");
        made(kept, FAST).reason(ComputeDevice.CPU, true);
        assertEquals(2, measurements);
    }

    /** The measurement itself: right on any processor, fast or not; a second one in the process takes its result. */
    @Test
    void theConvolutionIsRightAndMeasuredOnceAProcess() {
        String reason = AutoPrecision.in(Remembered.NOTHING).reason(ComputeDevice.CPU, true);
        assertTrue(reason.matches("auto is (mixed|float32): a convolution takes [0-9.]+ ms in bfloat16, .*"), reason);
        assertEquals(reason, AutoPrecision.in(new Remembered(folder)).reason(ComputeDevice.CPU, true));
        assertEquals(1, new Remembered(folder).entries().size());
    }
}
