package diffsvc.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.files.WholeFile;
import diffsvc.check.Problem;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * NumPy's .npy and .npz files. The engine's own reader ends the process on element types it does not know, so headers are read here first; what is between
 * float32 and int8 becomes float32, float64, int32 or int64.
 */
public final class Npz {
    private static final int LARGEST = 1 << 30, ALIGN = 64;
    private static final Pattern HEADER = Pattern.compile("'descr':\\s*'([^']+)'.*'fortran_order':\\s*(True|False).*'shape':\\s*\\(([^)]*)\\)", Pattern.DOTALL);
    private static final Map<String, Integer> WIDTHS = Map.of("<f4", 4, "<f8", 8, "<i8", 8, "<i4", 4, "<i2", 2, "<u2", 2, "|i1", 1, "|u1", 1, "|b1", 1);

    private Npz() {}

    /**
     * All arrays by name, in the file's order; a .npy file holds one, named by an empty string. They belong to {@code manager}.
     *
     * @param manager owner of what is made
     * @param stage who speaks in errors
     * @param file .npz or .npy
     * @return by name
     * @throws Problem in the words of {@code stage} when the file is missing, damaged, or holds element types that nothing here reads
     */
    public static Map<String, NDArray> read(NDManager manager, String stage, Path file) {
        if (!Files.isRegularFile(file)) {
            throw Problem.in(stage, file, "a .npy or .npz file", "nothing at that path", "check the path");
        }
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        try {
            byte[] start;
            try (var in = Files.newInputStream(file)) {
                start = in.readNBytes(2);
            }
            if (start.length < 2 || start[0] != 'P' || start[1] != 'K') {
                arrays.put("", array(manager, stage, file, "", Files.size(file) > LARGEST ? new byte[0] : Files.readAllBytes(file)));
                return arrays;
            }
            try (ZipFile zip = new ZipFile(file.toFile())) {
                for (ZipEntry entry : Collections.list(zip.entries())) {
                    String name = entry.getName().endsWith(".npy") ? entry.getName().substring(0, entry.getName().length() - 4) : entry.getName();
                    try (var in = zip.getInputStream(entry)) {
                        arrays.put(name, array(manager, stage, file, name, in.readNBytes(LARGEST)));
                    }
                }
            }
            return arrays;
        } catch (IOException e) {
            throw Problem.in(stage, file, "a whole .npy or .npz file", e.getClass().getSimpleName(), "save it again with numpy.savez");
        }
    }

    private static NDArray array(NDManager manager, String stage, Path file, String name, byte[] npy) {
        ByteBuffer in = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN);
        String what = name.isEmpty() ? "" : " in " + name;
        if (npy.length < 12 || (npy[0] & 255) != 0x93 || !new String(npy, 1, 5, StandardCharsets.US_ASCII).equals("NUMPY")) {
            throw Problem.in(stage, file, "NumPy's format" + what, "another", "save it with numpy.save or numpy.savez");
        }
        int start = npy[6] == 1 ? 10 : 12, length = npy[6] == 1 ? Short.toUnsignedInt(in.getShort(8)) : in.getInt(8);
        Matcher m = HEADER.matcher(length < 0 || length > npy.length - start ? "" : new String(npy, start, length, StandardCharsets.ISO_8859_1));
        if (!m.find()) {
            throw Problem.in(stage, file, "an array of numbers" + what, "another header", "save it with numpy.savez");
        }
        String type = m.group(1);
        if (!WIDTHS.containsKey(type)) {
            throw Problem.in(stage, file, "float32, float64, integers or bool" + what, type, "save it .astype('float32')");
        }
        String[] cells = m.group(3).isBlank() ? new String[0] : m.group(3).replace(" ", "").split(",");
        long[] sizes = new long[cells.length];
        long count = 1;
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = cells[i].matches("\\d{1,18}") ? Long.parseLong(cells[i]) : -1;
            count = sizes[i] < 0 || sizes[i] > LARGEST || count < 0 || count * Math.max(1, sizes[i]) > LARGEST ? -1 : count * sizes[i];
        }
        int width = WIDTHS.get(type), data = start + length;
        boolean turned = m.group(2).equals("True") && sizes.length > 1;
        if (count < 0 || count > (npy.length - data) / width || turned) {
            throw Problem.in(stage, file, turned ? "an array in C order" + what : "as many values as the shape (" + m.group(3) + ") holds" + what,
                    turned ? "Fortran order" : (npy.length - data) + " bytes", turned ? "save numpy.ascontiguousarray of it" : "save it again");
        }
        return create(manager, in, data, type, (int) count, new Shape(sizes));
    }

    private static NDArray create(NDManager manager, ByteBuffer in, int at, String type, int n, Shape shape) {
        switch (type) {
            case "<f4" -> {
                float[] v = new float[n];
                in.position(at).slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(v);
                return manager.create(v, shape);
            }
            case "<f8" -> {
                double[] v = new double[n];
                in.position(at).slice().order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(v);
                return manager.create(v, shape);
            }
            case "<i8" -> {
                long[] v = new long[n];
                in.position(at).slice().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(v);
                return manager.create(v, shape);
            }
            default -> {
                int[] v = new int[n];
                for (int i = 0; i < n; i++) {
                    v[i] = switch (type) {
                        case "<i4" -> in.getInt(at + 4 * i);
                        case "<i2" -> in.getShort(at + 2 * i);
                        case "<u2" -> Short.toUnsignedInt(in.getShort(at + 2 * i));
                        case "|i1" -> in.get(at + i);
                        default -> Byte.toUnsignedInt(in.get(at + i));
                    };
                }
                return manager.create(v, shape);
            }
        }
    }

    /**
     * Writes arrays of float32, float64, int32, int64 or bool, whole or not at all; {@code numpy.load} opens it.
     *
     * @param stage who speaks in errors
     * @param file .npz or .npy
     * @param arrays by name
     * @return the path
     */
    public static Path write(String stage, Path file, Map<String, NDArray> arrays) {
        return WholeFile.write(stage, file, part -> {
            try (OutputStream out = Files.newOutputStream(part); ZipOutputStream zip = new ZipOutputStream(out)) {
                zip.setLevel(Deflater.BEST_SPEED);
                for (Map.Entry<String, NDArray> e : arrays.entrySet()) {
                    ZipEntry entry = new ZipEntry(e.getKey() + ".npy");
                    entry.setTime(0);                                                          // the same values, the same bytes
                    zip.putNextEntry(entry);
                    write(zip, e.getValue());
                    zip.closeEntry();
                }
            }
        });
    }

    private static void write(OutputStream out, NDArray array) throws IOException {
        DataType type = array.getDataType();
        String descr = switch (type) {
            case FLOAT32 -> "<f4";
            case FLOAT64 -> "<f8";
            case INT64 -> "<i8";
            case INT32 -> "<i4";
            case BOOLEAN -> "|b1";
            default -> throw new IllegalArgumentException("no NumPy type for " + type);
        };
        List<String> sizes = java.util.Arrays.stream(array.getShape().getShape()).mapToObj(String::valueOf).toList();
        String shape = sizes.size() == 1 ? sizes.get(0) + "," : String.join(", ", sizes);
        StringBuilder header = new StringBuilder("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }");
        while ((10 + header.length() + 1) % ALIGN != 0) {
            header.append(' ');
        }
        byte[] text = header.append('\n').toString().getBytes(StandardCharsets.ISO_8859_1);
        out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length, (byte) (text.length >> 8)});
        out.write(text);
        ByteBuffer values = array.toByteBuffer();
        byte[] bytes = new byte[values.remaining()];
        values.get(bytes);
        out.write(bytes);
    }
}
