package diffsvc.audio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The chunk that holds the sound of a Wave64 file (.w64: RIFF with GUIDs for names and 64-bit lengths that count the
 * header) or of a Core Audio file (.caf). The decoder reads both up to the end of the file, wherever that is.
 *
 * @param declared bytes of sound by the header; 0 where the header gives none
 * @param there bytes of sound in the file
 */
record DataChunk(long declared, long there) {
    private static final int W64_FIRST = 40,
            W64_HEADER = 24,
            W64_ALIGN = 8,
            CAF_FIRST = 8,
            CAF_HEADER = 12,
            MOST_CHUNKS = 4096;
    private static final int DATA = 0x64617461; // 'data'

    /** Whether the file holds fewer bytes than its header declares. */
    boolean isCut() {
        return Long.compareUnsigned(declared, there) > 0;
    }

    /**
     * Finds the chunk in a file.
     *
     * @param caf whether it is a Core Audio file
     */
    static DataChunk of(Path file, boolean caf) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            int header = caf ? CAF_HEADER : W64_HEADER;
            long size = channel.size(), at = caf ? CAF_FIRST : W64_FIRST;
            for (int i = 0; i < MOST_CHUNKS && at + header <= size; i++) {
                ByteBuffer head = ByteBuffer.allocate(header);
                while (head.hasRemaining() && channel.read(head, at + head.position()) >= 0) {
                    continue;
                }
                long length = caf
                        ? head.getLong(4)
                        : head.order(ByteOrder.LITTLE_ENDIAN).getLong(16) - header;
                if (head.order(ByteOrder.BIG_ENDIAN).getInt(0) == DATA) {
                    return new DataChunk(length < 0 && length >= -1 - header ? 0 : length, size - at - header);
                }
                if (length < 0 || length > size) {
                    break;
                }
                at += header + length;
                at = caf ? at : (at + W64_ALIGN - 1) / W64_ALIGN * W64_ALIGN;
            }
            return new DataChunk(0, 0);
        }
    }
}
