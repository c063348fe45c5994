package diffsvc.audio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A file that ends within a frame is cut; one that ends behind it is whole, whatever tags or bytes somebody put around
 * the frames.
 */
class MpegFramesTest {
    @TempDir
    Path folder;

    private MpegFrames walk(byte[]... parts) throws IOException {
        return MpegFrames.walk(Files.write(folder.resolve("a.mp3"), join(parts)), false);
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] p : parts) {
            out.writeBytes(p);
        }
        return out.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Frames of one header and silence. */
    private static byte[] frames(String header, int length, int count) {
        byte[] frames = new byte[length * count], head = HexFormat.of().parseHex(header);
        for (int i = 0; i < count; i++) {
            System.arraycopy(head, 0, frames, i * length, 4);
        }
        return frames;
    }

    /** Lengths as the standards' tables have them. */
    @ParameterizedTest
    @CsvSource({
        "fffb9000,417", // MPEG 1, layer III, 128 kbit/s, 44.1 kHz
        "fffb9200,418", // with padding
        "fffb1400,96", // 32 kbit/s, 48 kHz
        "fffbe800,1440", // 320 kbit/s, 32 kHz
        "fffda400,576", // layer II, 192 kbit/s, 48 kHz
        "ffffc400,384", // layer I, 384 kbit/s, 48 kHz
        "ffffc600,388", // with padding, of four bytes
        "fff38000,208", // MPEG 2, layer III, 64 kbit/s, 22.05 kHz
        "fff58000,417", // layer II
        "fff78400,256", // layer I, 128 kbit/s, 24 kHz
        "ffe31800,72", // MPEG 2.5, layer III, 8 kbit/s, 8 kHz
        "fffa9000,417"
    }) // with a checksum
    void lengthsFollowTheHeaders(String header, int length) throws IOException {
        byte[] ten = frames(header, length, 10);
        assertEquals(new MpegFrames(10L * length, 0, 0), walk(ten));
        assertEquals(new MpegFrames(9L * length, length, length - 1), walk(Arrays.copyOf(ten, ten.length - 1)));
    }

    @Test
    void everyCutWithinAFrameIsSeen() throws IOException {
        int length = 417;
        byte[] ten = frames("fffb9000", length, 10);
        for (int n = 8 * length; n <= 10 * length; n++) {
            MpegFrames found = walk(Arrays.copyOf(ten, n));
            boolean whole = n % length == 0 || n % length == 1; // one byte more is too little to decide
            assertEquals(!whole, found.isCut(), n + " bytes");
            assertEquals(n / length * length, found.end());
        }
    }

    @Test
    void tagsAreNoFrames() throws IOException {
        byte[] ten = frames("fffb9000", 417, 10), cut = Arrays.copyOf(ten, 4000), decoy = frames("fffb9000", 417, 3);
        byte[] first = join(ascii("ID3"), new byte[] {4, 0, 0x10, 0, 0, 2, 0}, new byte[256], ascii("3DI"), new byte[] {
            4, 0, 0x10, 0, 0, 2, 0
        });
        byte[] v1 = join(ascii("TAG"), new byte[125]);
        byte[] ape = join(
                decoy,
                ascii("APETAGEX"),
                ByteBuffer.allocate(24)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(2000)
                        .putInt(decoy.length + 32)
                        .array());
        byte[] lyrics =
                join(ascii("LYRICSBEGIN"), decoy, ascii(String.format("%06d", 11 + decoy.length)), ascii("LYRICS200"));
        byte[] last = join(ascii("ID3"), new byte[] {4, 0, 0x10, 0, 0, 2, 0}, new byte[256], ascii("3DI"), new byte[] {
            4, 0, 0x10, 0, 0, 2, 0
        });
        for (byte[] tag :
                new byte[][] {v1, ape, lyrics, last, join(ape, v1), join(lyrics, v1), join(ape, lyrics, v1)}) {
            assertEquals(new MpegFrames(first.length + 4170, 0, 0), walk(first, ten, tag));
            assertEquals(new MpegFrames(first.length + 9 * 417, 417, 4000 - 9 * 417), walk(first, cut, tag));
        }
    }

    @Test
    void whatIsNoFrameBehindTheLastIsNoCut() throws IOException {
        byte[] ten = frames("fffb9000", 417, 10), noise = new byte[5000];
        new Random(1).nextBytes(noise);
        noise[0] = 0;
        for (byte[] junk : new byte[][] {
            new byte[1], new byte[3], new byte[70_000], ascii("a word"), noise, {-1}, {-1, -1, -1, -1, -1}
        }) {
            MpegFrames found = walk(ten, junk);
            assertFalse(found.isCut(), junk.length + " bytes");
            assertEquals(4170, found.end());
        }
        assertEquals(
                new MpegFrames(4170 + 5000 + 4170, 0, 0), walk(ten, new byte[5000], ten), "and frames behind it go on");
        assertTrue(walk(ten, new byte[5000], Arrays.copyOf(ten, 4169)).isCut());
    }

    @Test
    void thereIsNoOpinionWhereLengthsAreNotTold() throws IOException {
        MpegFrames none = new MpegFrames(-1, 0, 0);
        assertEquals(none, walk(frames("fffb0000", 417, 10)), "free format");
        assertEquals(none, walk(new byte[0]));
        assertEquals(none, walk(new byte[3]));
        assertEquals(none, walk(new byte[200_000]));
        assertEquals(none, walk(ascii("ID3"), new byte[] {4, 0, 0, 127, 127, 127, 127}));
        assertEquals(none, walk(ascii("LYRICS200")));
        assertEquals(none, walk(ascii("APETAGEX"), new byte[24]));
    }

    @Test
    void anyBytesEndInAnAnswer() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 300; i++) {
            byte[] any = new byte[random.nextInt(3000)];
            random.nextBytes(any);
            for (int k = 0; k < any.length; k++) {
                any[k] = random.nextInt(3) == 0 ? -1 : any[k]; // many that look like a header
            }
            Path file = Files.write(folder.resolve("any"), any);
            for (boolean adts : new boolean[] {false, true}) {
                MpegFrames found = MpegFrames.walk(file, adts);
                assertTrue(
                        found.end() <= any.length && found.there() <= found.length() && found.there() >= 0,
                        found.toString());
            }
        }
    }
}
