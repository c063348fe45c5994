package diffsvc.notebook;

import diffsvc.audio.WholeFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** A drawn picture: the kernel shows it in the page, JShell says its size, {@link #save} writes a PNG. */
public record Picture(String title, BufferedImage image) {
    /** The PNG's bytes. */
    public byte[] png() {
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            ImageIO.write(image, "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a PNG, whole or not at all. */
    public Path save(Path file) {
        return WholeFile.write("picture", file, part -> Files.write(part, png()));
    }

    @Override public String toString() {
        return "Picture[" + title + ", " + image.getWidth() + " x " + image.getHeight() + "; save(Path.of(\"x.png\")) writes it]";
    }
}
