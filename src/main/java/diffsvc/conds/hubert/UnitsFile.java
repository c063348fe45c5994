package diffsvc.conds.hubert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Units that another encoder made, from NumPy's file formats. The engine's own reader ends the process on element types it does not know, so the header is
 * read here first.
 */
public final class UnitsFile {
    private static final String STAGE = "content";
    private static final int LARGEST = 1 << 30;
    private static final Pattern HEADER = Pattern.compile("'descr':\\s*'([^']+)'.*'fortran_order':\\s*(True|False).*'shape':\\s*\\(([^)]*)\\)", Pattern.DOTALL);

    private UnitsFile() {}

    /** Units [1, P, H] of a .npy file, or of a .npz with one array or one named units; they belong to {@code manager}. */
    public static NDArray read(NDManager manager, Path file) {
        if (!Files.isRegularFile(file)) {
            throw Problem.in(STAGE, file, "a .npy or .npz file of units", "nothing at that path", "check the path");
        }
        try {
            return array(manager, file, file.toString().toLowerCase().endsWith(".npz") ? fromZip(file) : Files.size(file) > LARGEST ? new byte[0] : Files.readAllBytes(file));
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a whole .npy or .npz file", e.getClass().getSimpleName(), "save it again with numpy.savez");
        }
    }

    private static byte[] fromZip(Path file) throws IOException {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            List<? extends ZipEntry> entries = Collections.list(zip.entries());
            ZipEntry chosen = zip.getEntry("units.npy") != null ? zip.getEntry("units.npy") : entries.size() == 1 ? entries.get(0) : null;
            if (chosen == null) {
                throw Problem.in(STAGE, file, "one array, or one named units", entries.size() + " arrays", "save it with numpy.savez(file, units=units)");
            }
            return zip.getInputStream(chosen).readNBytes(LARGEST);
        }
    }

    private static NDArray array(NDManager manager, Path file, byte[] npy) {
        ByteBuffer in = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN);
        if (npy.length < 12 || (npy[0] & 255) != 0x93 || !new String(npy, 1, 5, StandardCharsets.US_ASCII).equals("NUMPY")) {
            throw Problem.in(STAGE, file, "NumPy's format", "another", "save it with numpy.save or numpy.savez");
        }
        int start = npy[6] == 1 ? 10 : 12, length = npy[6] == 1 ? Short.toUnsignedInt(in.getShort(8)) : in.getInt(8);
        Matcher m = HEADER.matcher(length < 0 || length > npy.length - start ? "" : new String(npy, start, length, StandardCharsets.ISO_8859_1));
        if (!m.find() || m.group(2).equals("True")) {
            throw Problem.in(STAGE, file, "an array in C order", "another header", "save numpy.ascontiguousarray(units)");
        }
        if (!m.group(1).equals("<f4") && !m.group(1).equals("<f8")) {
            throw Problem.in(STAGE, file, "float32 or float64 (<f4 or <f8)", m.group(1), "save units.astype('float32')");
        }
        String[] cells = m.group(3).replace(" ", "").split(",");
        long[] shape = new long[cells.length];
        try {
            for (int i = 0; i < shape.length; i++) {
                shape[i] = Long.parseLong(cells[i]);
            }
        } catch (NumberFormatException e) {
            shape = new long[0];
        }
        int width = m.group(1).equals("<f4") ? 4 : 8, data = start + length;
        boolean three = shape.length == 3 && shape[0] == 1;
        long p = shape.length < 2 ? 0 : shape[shape.length - 2], h = shape.length < 2 ? 0 : shape[shape.length - 1];
        if (shape.length != 2 && !three || p < 1 || h < 1 || p > LARGEST || h > LARGEST || p * h > (npy.length - data) / width) {
            throw Problem.in(STAGE, file, "units [P, H] or [1, P, H] and their values", "shape (" + m.group(3) + ") and " + (npy.length - data) + " bytes", "save one song's units");
        }
        float[] values = new float[(int) (p * h)];
        for (int i = 0; i < values.length; i++) {
            values[i] = width == 4 ? in.getFloat(data + 4 * i) : (float) in.getDouble(data + 8 * i);
        }
        return manager.create(values, new Shape(1, p, h));
    }
}
