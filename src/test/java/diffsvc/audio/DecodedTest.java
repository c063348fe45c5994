package diffsvc.audio;

import static diffsvc.audio.Riff.ascii;
import static diffsvc.audio.Riff.chunk;
import static diffsvc.audio.Riff.counted;
import static diffsvc.audio.Riff.fmt;
import static diffsvc.audio.Riff.join;
import static diffsvc.audio.Riff.little;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the decoder gets: files by their first bytes, WAV in other codings, and lengths that no header gives. */
class DecodedTest {
    private static final Path AUDIO = Path.of("src/test/resources/audio");
    private static final int MP3_TAG = 45, MP3_INFO = 182;

    @TempDir
    Path folder;

    private Path write(String name, byte[]... parts) throws IOException {
        return Files.write(folder.resolve(name), join(parts));
    }

    private static void refused(Path file, String... words) {
        String said = assertThrows(Problem.class, () -> AudioFile.read(file)).getMessage();
        assertTrue(said.startsWith("audio: " + file + ": need "), said);
        for (String word : words) {
            assertTrue(said.contains(word), said);
        }
    }

    private static List<String> notes(Path file, int samples) {
        try (Recording r = AudioFile.open(file)) {
            assertEquals(samples, r.samples());
            return r.notes();
        }
    }

    /** The second of 440 Hz as a stream has it: without ID3 and without the Info frame that gives the length. */
    private static byte[] mp3WithoutLength() throws IOException {
        byte[] mp3 = Files.readAllBytes(AUDIO.resolve("a440.mp3"));
        return Arrays.copyOfRange(mp3, MP3_TAG + MP3_INFO, mp3.length);
    }

    @Tag("conversion")
    @Test
    void theFirstBytesDecideAndNotTheName() throws IOException {
        for (String ending : new String[] {"mp3", "ogg", "aiff"}) {
            Path file = AUDIO.resolve("a440." + ending),
                    renamed = write("a." + ending + ".wav", Files.readAllBytes(file));
            assertArrayEquals(
                    AudioFile.read(file).first(), AudioFile.read(renamed).first());
        }
        Path wav = write("a.mp3", Riff.file("RIFF", fmt(1, 1, 8000, 16), chunk("data", counted(100))));
        assertEquals(100, AudioFile.read(wav).samples());
        refused(
                write("text.wav", ascii("this is only text")),
                "a WAV file (RIFF....WAVE) or another recording",
                "begins with \"this is only\"");
        refused(
                write("image.wav", HexFormat.of().parseHex("89504e470d0a1a0a0000000d49484452")),
                "begins with \".PNG........\"");
        refused(write("film.wav", ascii("RIFF....AVI LIST....")), "begins with \"RIFF....AVI \"");
        refused(write("zeros.flac", new byte[100_000]), "begins with \"............\"");
        refused(write("empty.wav"), "an empty file");
        refused(write("empty.mp3"), "an empty file");
    }

    @Test
    void wavInOtherCodingsIsDecoded() throws IOException {
        byte[] fact = chunk("fact", little(4).putInt(8000).array()), uLaw = new byte[8000], aLaw = new byte[8000];
        for (int i = 0; i < 8000; i += 4) {
            uLaw[i] = (byte) 0x80;
            uLaw[i + 1] = 0;
            uLaw[i + 2] = (byte) 0xFF;
            uLaw[i + 3] = (byte) 0x8F;
            aLaw[i] = (byte) 0xAA;
            aLaw[i + 1] = 0x2A;
            aLaw[i + 2] = (byte) 0xD5;
            aLaw[i + 3] = (byte) 0xA5;
        }
        // G.711: the largest of both signs, the smallest, and one between
        float[] u = AudioFile.read(write("u.wav", Riff.file("RIFF", fmt(7, 1, 8000, 8), fact, chunk("data", uLaw))))
                .first();
        float[] a = AudioFile.read(write("a.wav", Riff.file("RIFF", fmt(6, 1, 8000, 8), fact, chunk("data", aLaw))))
                .first();
        assertEquals(8000, u.length);
        assertEquals(8000, a.length);
        for (int i = 0; i < 8000; i += 4) {
            assertArrayEquals(
                    new float[] {32124 / 32768f, -32124 / 32768f, 0, 16764 / 32768f}, Arrays.copyOfRange(u, i, i + 4));
            assertArrayEquals(
                    new float[] {32256 / 32768f, -32256 / 32768f, 8 / 32768f, 16896 / 32768f},
                    Arrays.copyOfRange(a, i, i + 4));
        }
    }

    @Test
    void cutOrOpenWavInOtherCodings() throws IOException {
        byte[] format = fmt(7, 1, 8000, 8), law = new byte[8000];
        Arrays.fill(law, (byte) 0x90);
        byte[] whole = Riff.file("RIFF", format, chunk("data", law));
        refused(write("cut.wav", Arrays.copyOf(whole, 5000)), "8000 bytes of sound", "(the file is cut)");
        refused(write("none.wav", Riff.file("RIFF", format, chunk("data", new byte[0]))), "at least one sample");
        refused(write("rate.wav", Riff.file("RIFF", fmt(7, 1, 1, 8), chunk("data", law))), "from 2000 to 768000 Hz");
        assertEquals(List.of(), notes(write("whole.wav", whole), 8000));
        assertEquals(
                List.of("the header gives no length: all 1.00 s that follow are taken as sound"),
                notes(write("open.wav", Riff.file("RIFF", format, chunk("data", -1, law))), 8000));
        byte[] mp3 = Files.readAllBytes(AUDIO.resolve("a440.mp3"));
        Path inside = write(
                "mp3.wav",
                Riff.file(
                        "RIFF",
                        chunk(
                                "fmt ",
                                little(30)
                                        .putShort((short) 85)
                                        .putShort((short) 1)
                                        .putInt(44100)
                                        .putInt(6000)
                                        .putShort((short) 1)
                                        .putShort((short) 0)
                                        .putShort((short) 12)
                                        .putShort((short) 1)
                                        .putInt(2)
                                        .putShort((short) 417)
                                        .putShort((short) 1)
                                        .putShort((short) 1393)
                                        .array()),
                        chunk("data", Arrays.copyOfRange(mp3, MP3_TAG, mp3.length))));
        assertEquals(1, AudioFile.read(inside).seconds(), 0.1);
        assertThrows(Problem.class, () -> WavReader.open(inside), "its own reader knows PCM and float only");
    }

    @Test
    void bigEndianWavIsRefusedBecauseTheDecoderTakesItForLittle() throws IOException {
        ByteBuffer b = ByteBuffer.allocate(44 + 200)
                .put(ascii("RIFX"))
                .putInt(236)
                .put(ascii("WAVEfmt "))
                .putInt(16)
                .putShort((short) 1)
                .putShort((short) 1)
                .putInt(8000)
                .putInt(16000)
                .putShort((short) 2)
                .putShort((short) 16)
                .put(ascii("data"))
                .putInt(200);
        refused(write("x.wav", b.array()), "\"RIFX....WAVE\"", "convert it to WAV first");
        refused(write("x.riff", b.array()), "\"RIFX....WAVE\"");
    }

    private static byte[] wave64(int rate, long declared, byte[] sound) {
        byte[] tail = HexFormat.of().parseHex("f3acd3118cd100c04f8edb8a");
        return join(
                ascii("riff"),
                HexFormat.of().parseHex("2e91cf11a5d628db04c10000"),
                little(8).putLong(104 + sound.length).array(),
                ascii("wave"),
                tail,
                ascii("fmt "),
                tail,
                little(24)
                        .putLong(40)
                        .putShort((short) 1)
                        .putShort((short) 1)
                        .putInt(rate)
                        .putInt(2 * rate)
                        .putShort((short) 2)
                        .putShort((short) 16)
                        .array(),
                ascii("data"),
                tail,
                little(8).putLong(declared).array(),
                sound);
    }

    private static byte[] coreAudio(double rate, long declared, byte[] sound) {
        return join(
                ascii("caff"),
                ByteBuffer.allocate(4).putInt(0x10000).array(),
                ascii("desc"),
                ByteBuffer.allocate(40)
                        .putLong(32)
                        .putDouble(rate)
                        .put(ascii("lpcm"))
                        .putInt(2)
                        .putInt(2)
                        .putInt(1)
                        .putInt(1)
                        .putInt(16)
                        .array(),
                ascii("data"),
                ByteBuffer.allocate(12).putLong(declared).array(),
                sound);
    }

    private static byte[] sun(int rate, int coding, int declared, byte[] sound) {
        return join(
                ascii(".snd"),
                ByteBuffer.allocate(20)
                        .putInt(24)
                        .putInt(declared)
                        .putInt(coding)
                        .putInt(rate)
                        .putInt(1)
                        .array(),
                sound);
    }

    @Tag("conversion")
    @Test
    void otherHeadersAreHeldToTheSameBounds() throws IOException {
        byte[] sound = counted(4096);
        assertEquals(List.of(), notes(write("a.w64", wave64(8000, 8192 + 24, sound)), 4096));
        assertEquals(List.of(), notes(write("a.caf", coreAudio(8000, 8192 + 4, sound)), 4096));
        assertEquals(List.of(), notes(write("a.au", sun(8000, 3, 8192, sound)), 4096));
        assertEquals(
                List.of("the file does not say how long it is: 0.51 s were decoded"),
                notes(write("open.au", sun(8000, 3, -1, sound)), 4096));
        assertEquals(
                List.of("the file does not say how long it is: 0.51 s were decoded"),
                notes(write("open.caf", coreAudio(8000, -1, sound)), 4096));
        // cut where a block of the decoder ends
        refused(
                write("cut.w64", wave64(8000, 8192 + 24, counted(2048))),
                "4096 of 8192 bytes of sound (the file is cut)");
        refused(
                write("cut.caf", coreAudio(8000, 8192 + 4, counted(2048))),
                "4100 of 8196 bytes of sound (the file is cut)");
        refused(write("cut.au", sun(8000, 3, 8192, counted(4090))), "(the file is cut)");
        for (int rate : new int[] {1, 1999, Integer.MAX_VALUE}) {
            refused(
                    write("rate.w64", wave64(rate, 8192 + 24, sound)),
                    "a sample rate from 2000 to 768000 Hz",
                    "got " + rate + " Hz");
        }
        refused(
                write("rate.au", sun(Integer.MAX_VALUE, 3, 8192, sound)),
                "a sample rate from 2000 to 768000 Hz",
                "got 2147483647 Hz");
        refused(
                write(
                        "loud.au",
                        sun(
                                8000,
                                6,
                                400,
                                ByteBuffer.allocate(400).putFloat(44, 1e20f).array())),
                "samples from -100 to 100",
                "got 1.0E20 at sample 11");
        Path wav = folder.resolve("slow.wav"), flac = folder.resolve("slow.flac");
        try (WavWriter out = WavWriter.open(wav, 1, 1001, Depth.PCM16)) {
            out.append(new float[3000]);
        }
        Codec.flac(wav, flac);
        refused(flac, "a sample rate from 2000 to 768000 Hz", "got 1001 Hz");
    }

    @Test
    void anMp3WithoutALengthIsReadWithANote() throws IOException {
        String note = "an MP3 without a Xing header does not say how long it is: 1.04 s were decoded";
        byte[] mp3 = mp3WithoutLength(), id3 = join(ascii("TAG"), new byte[125]);
        assertEquals(List.of(note), notes(write("a.mp3", mp3), 46080));
        assertEquals(List.of(note), notes(write("tag.mp3", mp3, id3), 46080));
        assertEquals(List.of(note), notes(write("padded.mp3", mp3, new byte[1000]), 46080));
        assertEquals(List.of(), notes(AUDIO.resolve("a440.mp3"), 44100));
        assertEquals(List.of(), notes(AUDIO.resolve("a440.ogg"), 43972));
        assertEquals(
                4000,
                AudioFile.read(AUDIO.resolve("padded_8000.mp3")).samples(),
                "what its encoder added at both ends is no loss");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.999, 0.6667, 0.2})
    void aCutMp3IsRefused(double share) throws IOException {
        byte[] mp3 = mp3WithoutLength(), cut = Arrays.copyOf(mp3, (int) (mp3.length * share));
        refused(write("cut.mp3", cut), "a last frame of which", "(the file is cut)");
        refused(write("cut.wav", cut, ascii("TAG"), new byte[125]), "a last frame of which", "(the file is cut)");
    }

    @Test
    void aCutAacStreamIsRefused() throws IOException {
        byte[] frame = HexFormat.of().parseHex("fff1504001bffc" + "00c800802380"); // silence of 1024 samples
        byte[] aac = new byte[60 * frame.length];
        for (int i = 0; i < aac.length; i++) {
            aac[i] = frame[i % frame.length];
        }
        assertEquals(
                List.of("the file does not say how long it is: 1.39 s were decoded"),
                notes(write("a.aac", aac), 60 * 1024));
        refused(write("cut.aac", Arrays.copyOf(aac, aac.length - 2)), "11 of 13 bytes", "(the file is cut)");
        refused(write("begun.aac", Arrays.copyOf(aac, aac.length - 9)), "4 of 7 bytes", "(the file is cut)");
    }

    /** Two streams in one Ogg file: their first pages, then the rest of each. */
    @Test
    void aFileOfTwoTracksIsReadWithANote() throws IOException {
        byte[] vorbis = Files.readAllBytes(AUDIO.resolve("a440.ogg")),
                opus = Files.readAllBytes(AUDIO.resolve("a440.opus"));
        int v = page(vorbis), o = page(opus);
        Path both = write(
                "two.ogg",
                Arrays.copyOf(vorbis, v),
                Arrays.copyOf(opus, o),
                Arrays.copyOfRange(vorbis, v, vorbis.length),
                Arrays.copyOfRange(opus, o, opus.length));
        try (Recording r = AudioFile.open(both)) {
            assertEquals(1, r.notes().size());
            assertTrue(
                    r.notes().get(0).startsWith("the file has 2 tracks of sound: stream "),
                    r.notes().toString());
        }
    }

    private static int page(byte[] ogg) {
        int bytes = 27 + ogg[26];
        for (int i = 0; i < ogg[26]; i++) {
            bytes += Byte.toUnsignedInt(ogg[27 + i]);
        }
        return bytes;
    }

    @Test
    void whatFlacCannotHoldIsRefusedByName() {
        String said = assertThrows(
                        Problem.class,
                        () -> WaveWriter.write(folder.resolve("nine.flac"), new Wave(new float[9][100], 44100)))
                .getMessage();
        assertEquals("output: need sound that FLAC can hold, got 9 channels at 44100 Hz; write a .wav", said);
        assertFalse(Files.exists(folder.resolve("nine.flac")));
    }

    @Test
    void theStopButtonStopsTheDecoder() {
        Thread.currentThread().interrupt();
        Problem stop = assertThrows(Problem.class, () -> AudioFile.open(AUDIO.resolve("a440.mp3")));
        assertTrue(Thread.interrupted());
        assertTrue(stop.isStop() && stop.getMessage().contains("a440.mp3"), stop.getMessage());
    }
}
