package diffsvc.testing;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** NumPy's files of one array, written byte by byte. */
public final class Npy {
    private Npy() {}

    /**
     * Writes version 1.0 of the format.
     *
     * @param descr element type, {@code <f4} for instance
     * @param shape inside the parentheses of a Python tuple
     * @param data in C order
     */
    public static Path write(Path file, String descr, String shape, byte[] data) throws IOException {
        byte[] header = ("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }\n")
                .getBytes(StandardCharsets.US_ASCII);
        ByteBuffer b = ByteBuffer.allocate(10 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        b.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) header.length)
                .put(header)
                .put(data);
        return Files.write(file, b.array());
    }
}
