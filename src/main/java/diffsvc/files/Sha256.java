package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** SHA-256 (FIPS 180-4) as 64 hexadecimal digits. */
public final class Sha256 {
    private static final int BLOCK = 1 << 16;
    private static final Map<State, String> HASHES = new ConcurrentHashMap<>();

    /** A file as it lies there at one moment. */
    private record State(Path file, Object inode, long bytes, FileTime changed) {}

    private Sha256() {}

    /**
     * The hash of a file's bytes.
     *
     * @throws Problem when the file cannot be read
     */
    public static String of(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = digest();
            byte[] block = new byte[BLOCK];
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                digest.update(block, 0, n);
            }
            return hex(digest);
        } catch (IOException e) {
            throw Problem.in(
                    "files", file, "a readable file", WholeFile.reason(e), "check the path and its permissions");
        }
    }

    /**
     * The hash of a file's bytes, read once a process for as long as length and time of the file stay: a voice's files
     * are large, and pairing, try-outs and manifest ask for the same ones.
     *
     * @throws Problem when the file cannot be read
     */
    public static String ofModel(Path file) {
        try {
            BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
            State state = new State(file.toAbsolutePath(), now.fileKey(), now.size(), now.lastModifiedTime());
            String known = HASHES.get(state);
            if (known == null) {
                known = of(file);
                HASHES.put(state, known);
            }
            return known;
        } catch (IOException e) {
            return of(file); // names the reason
        }
    }

    /** The hash of the remaining bytes of a buffer, whose position does not move. */
    public static String of(ByteBuffer bytes) {
        MessageDigest digest = digest();
        digest.update(bytes.duplicate());
        return hex(digest);
    }

    /** The hash of a text in UTF-8. */
    public static String of(String text) {
        return of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /** An empty digest, for data that comes in parts. */
    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java has it
        }
    }

    /** The hash that a digest holds; the digest is reset. */
    public static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
