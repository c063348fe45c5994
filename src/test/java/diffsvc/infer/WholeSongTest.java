package diffsvc.infer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.diffusion.Samplers;
import diffsvc.testing.SungTone;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("conversion")
class WholeSongTest {
    @TempDir
    Path folder;

    /** Two phrases with two seconds of silence between them. */
    private static Wave song() {
        float[] sung = SungTone.wave(6).first(), all = new float[2 * sung.length + 2 * SungTone.RATE_HZ];
        System.arraycopy(sung, 0, all, 0, sung.length);
        System.arraycopy(sung, 0, all, sung.length + 2 * SungTone.RATE_HZ, sung.length);
        return Wave.mono(all, SungTone.RATE_HZ);
    }

    @Test
    void inMemoryASongIsConvertedAsFromFileToFile() {
        Wave song = song();
        Path file = WaveWriter.write(folder.resolve("song.wav"), song), out = folder.resolve("out.wav");
        try (Voice voice =
                Voice.open("demo", h -> h.infer(Samplers.unipc(2).steps(2)).infer(i -> i.precision("float32")))) {
            Wave read = AudioFile.read(file);
            new Inference(voice).convert(Request.of(file).to(out));
            float[] fromFile = AudioFile.read(out).first(),
                    inMemory =
                            WholeSong.convert(voice, read, UnaryOperator.identity())
                                    .first();
            assertEquals(read.samples(), inMemory.length);
            assertArrayEquals(fromFile, inMemory, 2f / 32768, "16 bits, and the rounding of a batch");
            float[] silence = Arrays.copyOfRange(inMemory, 7 * SungTone.RATE_HZ, 7 * SungTone.RATE_HZ + 1000);
            assertArrayEquals(new float[1000], silence, "silence stays silence");
        }
    }

    @Test
    void theEditChangesEachSlice() {
        Wave song = song();
        try (Voice voice =
                Voice.open("demo", h -> h.infer(Samplers.unipc(2).steps(2)).infer(i -> i.precision("float32")))) {
            float[]
                    copy =
                            WholeSong.convert(voice, song, Conversion::copySynthesis)
                                    .first(),
                    higher = WholeSong.convert(voice, song, c -> c.key(12)).first();
            Conversion first = voice.convert(song.slice(0, 3));
            assertTrue(Math.abs(voice.f0(Wave.mono(copy, 44_100)).medianHz()
                                    / first.f0().medianHz()
                            - 1)
                    < 0.15);
            for (double from : new double[] {0, 8}) {
                Wave part = Wave.mono(higher, 44_100).slice(from, from + 3);
                assertEquals(2, voice.f0(part).medianHz() / first.f0().medianHz(), 0.3, "an octave up from " + from);
            }
        }
    }
}
