package diffsvc.hparams;

import diffsvc.check.Problem;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * The name of a voice, of its folders in models/ and data/, and of its songs. It may be in any script; it is never a
 * path.
 */
public final class ProjectName {
    private static final int LONGEST = 120;
    private static final String FORBIDDEN = "/\\:*?\"<>|";
    /** Folders in models/ that hold no voice. */
    private static final Set<String> TAKEN = Set.of("frozen", "embedding_model", "wavenet_model");

    private ProjectName() {}

    /**
     * Returns the name if it is valid.
     *
     * @param stage the command that reads it, for errors
     * @throws Problem for a path, an empty name, one that begins with . or -, the name of a folder in models/ that
     *     holds no voice, or more than 120 bytes in UTF-8
     */
    public static String require(String stage, String name) {
        boolean fits = !name.isBlank()
                && name.equals(name.strip())
                && !name.startsWith(".")
                && !name.startsWith("-")
                && !name.endsWith(".")
                && !TAKEN.contains(name)
                && name.getBytes(StandardCharsets.UTF_8).length <= LONGEST
                && name.chars().noneMatch(c -> Character.isISOControl(c) || FORBIDDEN.indexOf(c) >= 0);
        if (!fits) {
            String got = "\"" + name.replaceAll("\\p{Cntrl}", "?") + "\"";
            throw Problem.in(
                    stage,
                    "a project's name: no path, no " + FORBIDDEN + ", no . or - in front, at most " + LONGEST
                            + " bytes",
                    TAKEN.contains(name) ? got + ", which is no voice's folder" : got,
                    "choose a name such as tenor-2");
        }
        return name;
    }

    /**
     * Makes a valid name from the Python project's exp_name or the name of a folder: the last part of a path, without
     * the characters that no name may hold.
     *
     * @return "" if no character is left
     */
    public static String near(String text) {
        String last = text.replaceAll("[/\\\\]+$", "").replaceAll("(?s).*[/\\\\]", "");
        StringBuilder name = new StringBuilder();
        last.codePoints()
                .map(c -> Character.isISOControl(c) || FORBIDDEN.indexOf(c) >= 0 ? '_' : c)
                .forEach(c -> {
                    if (name.toString().getBytes(StandardCharsets.UTF_8).length
                                    + Character.toString(c).getBytes(StandardCharsets.UTF_8).length
                            <= LONGEST) {
                        name.appendCodePoint(c);
                    }
                });
        String legal = name.toString().replaceAll("^[.\\-\\s]+|[.\\s]+$", "").strip();
        return TAKEN.contains(legal) ? "" : legal;
    }
}
