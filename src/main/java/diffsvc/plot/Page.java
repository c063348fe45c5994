package diffsvc.plot;

import diffsvc.audio.Wave;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import tech.tablesaw.api.Table;

/**
 * A page in one file: text, tables, pictures and sounds, all inside it, so that any browser shows and plays it without
 * a network.
 *
 * <pre>{@code Page.titled("two takes", "notebook").players(Map.of("a", wave, "b", other)).save("page.html")}</pre>
 */
public final class Page {
    private static final String STYLE =
            "body{font:15px/1.5 system-ui,sans-serif;max-width:75em;margin:2em auto;padding:0 1em;"
                    + "color:#222;background:#fff}table{border-collapse:collapse;margin:.6em 0;font-variant-numeric:tabular-nums}"
                    + "th,td{padding:.15em .7em;border-bottom:1px solid #ddd;text-align:right;vertical-align:top}"
                    + "th{position:sticky;top:0;background:#fff}.wide{overflow-x:auto}img{max-width:100%}audio{width:16em;height:40px}"
                    + "@media(prefers-color-scheme:dark){body,th{background:#181a1b;color:#ddd}th,td{border-color:#444}}";
    private static final int HEAD = 4096;
    private final StringBuilder body = new StringBuilder();
    private final String title;
    private final String program;

    private Page(String title, String program) {
        this.title = title;
        this.program = program;
        body.append("<h1>").append(HtmlParts.escaped(title)).append("</h1>");
    }

    /**
     * An empty page.
     *
     * @param program what makes it, for the page's "generator": a page of the same program may be replaced by it
     */
    public static Page titled(String title, String program) {
        return new Page(title, program);
    }

    /** A heading. */
    public Page heading(String text) {
        body.append("<h2>").append(HtmlParts.escaped(text)).append("</h2>");
        return this;
    }

    /** A paragraph. */
    public Page text(String text) {
        body.append("<p>").append(HtmlParts.escaped(text)).append("</p>");
        return this;
    }

    /** A table. */
    public Page table(Table table) {
        body.append("<div class=\"wide\">").append(HtmlParts.table(table)).append("</div>");
        return this;
    }

    /** A picture. */
    public Page picture(Picture picture) {
        body.append("<p>").append(HtmlParts.image(picture)).append("</p>");
        return this;
    }

    /** Players side by side, each with its name. */
    public Page players(Map<String, Wave> waves) {
        body.append(HtmlParts.players(waves));
        return this;
    }

    /** Whether a file is a page that a program of this name made. */
    public static boolean isBy(String program, Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HEAD), StandardCharsets.UTF_8).contains(generator(program));
        } catch (IOException e) {
            return false;
        }
    }

    private static String generator(String program) {
        return "<meta name=\"generator\" content=\"" + HtmlParts.escaped(program) + "\">";
    }

    /** The whole page. */
    public String html() {
        return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">" + generator(program)
                + "<meta name=\"viewport\" content=\"width=device-width\"><title>" + HtmlParts.escaped(title)
                + "</title><style>" + STYLE + "</style></head><body>" + body + "</body></html>\n";
    }

    /** Writes it, whole or not at all, and returns the path. */
    public Path save(Path file) {
        return WholeFile.write("page", file, part -> Files.writeString(part, html()));
    }

    /** The same for a path as text. */
    public Path save(String file) {
        return save(Path.of(file));
    }

    @Override
    public String toString() {
        return "page \"" + title + "\"; save(\"page.html\") writes it";
    }
}
