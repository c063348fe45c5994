package diffsvc.checkpoint;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The ZIP of torch.save and torch.jit.save: stored entries whose data begin at multiples of 64, as PyTorch's memory
 * mapping needs them. The same content gives the same bytes.
 */
final class TorchZip implements AutoCloseable {
    private static final int ALIGNMENT = 64;
    private final String folder;
    private final Counting counted;
    private final ZipOutputStream zip;

    /** Writes to a stream, every entry below one folder. */
    TorchZip(OutputStream out, String folder) {
        this.folder = folder;
        counted = new Counting(out);
        zip = new ZipOutputStream(counted);
        zip.setMethod(ZipOutputStream.STORED);
    }

    void put(String name, String text) throws IOException {
        put(name, text.getBytes(StandardCharsets.UTF_8));
    }

    void put(String name, byte[] data) throws IOException {
        put(name, ByteBuffer.wrap(data));
    }

    /** The storages of tensors, as entries data/KEY. */
    void put(Map<String, ByteBuffer> storages) throws IOException {
        for (Map.Entry<String, ByteBuffer> storage : storages.entrySet()) {
            put("data/" + storage.getKey(), storage.getValue());
        }
    }

    /** One entry; an extra field fills the gap before its data. */
    private void put(String name, ByteBuffer data) throws IOException {
        String path = folder + "/" + name;
        ZipEntry entry = new ZipEntry(path);
        CRC32 crc = new CRC32();
        crc.update(data.duplicate());
        entry.setSize(data.remaining());
        entry.setCompressedSize(data.remaining());
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0)); // the same weights give the same file
        zip.flush();
        int header = 30 + path.length() + 4,
                gap = (int) ((ALIGNMENT - (counted.count + header) % ALIGNMENT) % ALIGNMENT);
        byte[] extra = new byte[4 + gap];
        extra[0] = 'F';
        extra[1] = 'B';
        extra[2] = (byte) gap;
        extra[3] = (byte) (gap >> 8);
        entry.setExtra(extra);
        zip.putNextEntry(entry);
        byte[] piece = new byte[1 << 16];
        for (ByteBuffer rest = data.duplicate(); rest.hasRemaining(); ) {
            int n = Math.min(piece.length, rest.remaining());
            rest.get(piece, 0, n);
            zip.write(piece, 0, n);
        }
        zip.closeEntry();
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }

    private static final class Counting extends OutputStream {
        private final OutputStream out;
        private long count;

        Counting(OutputStream out) {
            this.out = new BufferedOutputStream(out, 1 << 16);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            count++;
        }

        @Override
        public void write(byte[] b, int off, int len) throws IOException {
            out.write(b, off, len);
            count += len;
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
