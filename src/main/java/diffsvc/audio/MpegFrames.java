package diffsvc.audio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The frames of an MPEG audio file (layers I to III of ISO/IEC 11172-3 and 13818-3, or AAC in ADTS of 13818-7), walked
 * by the lengths in their headers. Such files have no header with their length, and a decoder drops an incomplete last
 * frame: only the walk shows that a file is cut. Tags at both ends (ID3, APEv2, Lyrics3) are no sound.
 *
 * @param end byte behind the last whole frame, or -1 where no frames were found
 * @param length bytes of the last frame if some of them are missing, else 0
 * @param there how many of them are there
 */
record MpegFrames(long end, int length, int there) {
    private static final int HEADER = 4, ADTS_HEADER = 7, WINDOW = 1 << 16, FIRST_WITHIN = 1 << 20;
    private static final int ID3_HEADER = 10, ID3V1 = 128, APE_FOOTER = 32, LYRICS_END = 15, MOST_TAGS = 64;
    private static final int[][] KBPS = {
        {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448}, // MPEG 1, layer I
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384}, // layer II
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}, // layer III
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256}, // MPEG 2, layer I
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
    }; // layers II and III
    private static final int[] RATES = {44100, 48000, 32000};

    /** Whether the file ends within a frame. */
    boolean isCut() {
        return length > 0;
    }

    /**
     * Walks a file to the end of its frames.
     *
     * @param adts whether its frames are AAC's
     */
    static MpegFrames walk(Path file, boolean adts) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new Walk(channel, adts).run();
        }
    }

    /** One pass over a file, through a window of its bytes. */
    private static final class Walk {
        private final FileChannel channel;
        private final boolean adts;
        private final ByteBuffer window = ByteBuffer.allocate(WINDOW).limit(0);
        private long windowAt, end;
        private int kind;

        Walk(FileChannel channel, boolean adts) throws IOException {
            this.channel = channel;
            this.adts = adts;
            this.end = channel.size();
        }

        MpegFrames run() throws IOException {
            long start = afterTags();
            end = beforeTags(start);
            long at = search(start, Math.min(end, start + FIRST_WITHIN));
            if (at < 0) {
                return new MpegFrames(-1, 0, 0);
            }
            kind = kind(at);
            long whole = at;
            while (at < end) {
                int length = length(at, kind);
                if (length == 0) {
                    if (isBegun(at, whole)) {
                        return new MpegFrames(whole, header(), (int) (end - at));
                    }
                    at = search(at + 1, end); // damage, or what somebody put behind the sound
                    if (at < 0) {
                        break;
                    }
                    continue;
                }
                if (at + length > end) {
                    return new MpegFrames(whole, length, (int) (end - at));
                }
                at += length;
                whole = at;
            }
            return new MpegFrames(whole, 0, 0);
        }

        /** Whether two bytes or more right behind the last frame are the beginning of a header, and no more. */
        private boolean isBegun(long at, long whole) throws IOException {
            int mask = adts ? 0xF6 : 0xFE;
            return at == whole
                    && end - at >= 2
                    && end - at < header()
                    && byteAt(at) == 0xFF
                    && (byteAt(at + 1) & mask) == (kind >> 16 & mask);
        }

        private int header() {
            return adts ? ADTS_HEADER : HEADER;
        }

        /**
         * The first place with two frames in a row, the second of which may be the end of the file; -1 if there is
         * none.
         */
        private long search(long from, long to) throws IOException {
            for (long at = from; at < to; at++) {
                int length = length(at, kind);
                if (length > 0 && (at + length == end || length(at + length, kind(at)) > 0)) {
                    return at;
                }
            }
            return -1;
        }

        /** What all frames of a file share: version, layer (or profile) and sample rate. */
        private int kind(long at) throws IOException {
            int head = byteAt(at) << 24 | byteAt(at + 1) << 16 | byteAt(at + 2) << 8 | byteAt(at + 3);
            return head & (adts ? 0xFFF6FC00 : 0xFFFE0C00);
        }

        /**
         * Bytes of the frame that begins here; 0 where none does, or one of another kind than {@code kind} (0 = any).
         */
        private int length(long at, int kind) throws IOException {
            if (at + header() > end || byteAt(at) != 0xFF || kind != 0 && kind(at) != kind) {
                return 0;
            }
            return adts ? adtsLength(at) : mpegLength(at);
        }

        private int adtsLength(long at) throws IOException {
            if ((byteAt(at + 1) & 0xF6) != 0xF0) {
                return 0;
            }
            int length = (byteAt(at + 3) & 3) << 11 | byteAt(at + 4) << 3 | byteAt(at + 5) >> 5;
            return length < ADTS_HEADER ? 0 : length;
        }

        private int mpegLength(long at) throws IOException {
            int second = byteAt(at + 1), third = byteAt(at + 2);
            int version = second >> 3 & 3,
                    layer = 4 - (second >> 1 & 3),
                    kbps = third >> 4,
                    rate = third >> 2 & 3,
                    padding = third >> 1 & 1;
            if ((second & 0xE0) != 0xE0 || version == 1 || layer == 4 || kbps == 0 || kbps == 15 || rate == 3) {
                return 0; // 0 is free format, in which no header gives the length
            }
            boolean one = version == 3;
            int bits = 1000 * KBPS[one ? layer - 1 : layer == 1 ? 3 : 4][kbps],
                    hz = RATES[rate] >> (one ? 0 : version == 2 ? 1 : 2);
            if (layer == 1) {
                return (12 * bits / hz + padding) * 4;
            }
            return (layer == 3 && !one ? 72 : 144) * bits / hz + padding;
        }

        private long afterTags() throws IOException {
            long at = 0;
            for (int i = 0; i < MOST_TAGS && text(at, 3).equals("ID3") && at + ID3_HEADER <= end; i++) {
                at += ID3_HEADER + id3Size(at + 6) + ((byteAt(at + 5) & 0x10) != 0 ? ID3_HEADER : 0);
            }
            return at;
        }

        private long beforeTags(long start) throws IOException {
            long at = end;
            for (int i = 0; i < MOST_TAGS; i++) {
                long next = beforeTag(at);
                if (next >= at || next < start) {
                    return at;
                }
                at = next;
            }
            return at;
        }

        /** Start of the tag that ends at this position; the position itself where no tag ends. */
        private long beforeTag(long at) throws IOException {
            if (text(at - ID3V1, 3).equals("TAG")) {
                return at - ID3V1;
            }
            if (text(at - APE_FOOTER, 8).equals("APETAGEX")) {
                long size = little(at - APE_FOOTER + 12), flags = little(at - APE_FOOTER + 20);
                return at - size - ((flags & 0x80000000L) != 0 ? APE_FOOTER : 0);
            }
            if (text(at - 9, 9).equals("LYRICS200") && text(at - LYRICS_END, 6).matches("[0-9]{6}")) {
                return at - LYRICS_END - Integer.parseInt(text(at - LYRICS_END, 6));
            }
            if (text(at - ID3_HEADER, 3).equals("3DI")) {
                return at - 2 * ID3_HEADER - id3Size(at - 4);
            }
            return at;
        }

        private long id3Size(long at) throws IOException {
            return byteAt(at) << 21 | byteAt(at + 1) << 14 | byteAt(at + 2) << 7 | byteAt(at + 3);
        }

        private long little(long at) throws IOException {
            return byteAt(at) | byteAt(at + 1) << 8 | byteAt(at + 2) << 16 | (long) byteAt(at + 3) << 24;
        }

        private String text(long at, int count) throws IOException {
            byte[] text = new byte[count];
            for (int i = 0; i < count; i++) {
                text[i] = (byte) byteAt(at + i);
            }
            return new String(text, StandardCharsets.ISO_8859_1);
        }

        /** One byte; 0 outside the file. */
        private int byteAt(long at) throws IOException {
            if (at < windowAt || at >= windowAt + window.limit()) {
                if (at < 0 || at >= channel.size()) {
                    return 0;
                }
                window.clear();
                windowAt = Math.max(0, at - APE_FOOTER); // a walk goes forward, a search looks ahead and back
                while (window.hasRemaining() && channel.read(window, windowAt + window.position()) > 0) {
                    continue;
                }
                window.flip();
                if (at >= windowAt + window.limit()) {
                    return 0;
                }
            }
            return Byte.toUnsignedInt(window.get((int) (at - windowAt)));
        }
    }
}
