package diffsvc.notebook;

import java.lang.reflect.Method;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import jdk.jshell.Diag;
import jdk.jshell.ImportSnippet;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;

/**
 * Prints a remedy below a cell that names something unknown: methods, classes and variables of nearly that name, the
 * import of a class, or the cell above that was not run.
 */
final class Hints {
    private static final Pattern MISSING = Pattern.compile(
            "symbol:\\s+(variable|method|class)\\s+(\\w+)(?:[^\\n]*\\n\\s*location:\\s+(?:\\w+ \\S+ of type |class |interface )(\\S+))?");
    private static final int MOST = 6;
    private final JShell shell;
    private final ClassLoader loader;

    Hints(JShell shell, ClassLoader loader) {
        this.shell = shell;
        this.loader = loader;
    }

    void evaluated(SnippetEvent event) {
        if (event.status() == Snippet.Status.REJECTED) {
            Set<String> lines = new LinkedHashSet<>(), unknown = new TreeSet<>();
            for (Diag diag : shell.diagnostics(event.snippet()).toList()) {
                Matcher m = MISSING.matcher(diag.getMessage(Locale.ROOT));
                while (m.find()) {
                    String line = hint(m.group(1), m.group(2), m.group(3));
                    if (line == null) {
                        line = spelling(m.group(2));
                    }
                    if (line == null) {
                        unknown.add(m.group(2));
                    } else {
                        lines.add(line);
                    }
                }
            }
            if (!unknown.isEmpty()) {
                lines.add(String.join(", ", unknown) + (unknown.size() == 1 ? " is" : " are")
                        + " not known yet; run the cells above first (Run > Run All Above Selected Cell)");
            }
            lines.forEach(line -> System.err.println("notebook: " + line));
        }
    }

    /** Null where nothing better is known than that a cell was left out. */
    private String hint(String kind, String name, String place) {
        Class<?> type = place == null ? null : type(place.replaceAll("<.*", ""));
        if (type != null) {
            return member(kind, name, type);
        }
        if (Character.isUpperCase(name.charAt(0))) {
            List<String> known = shell.sourceCodeAnalysis()
                    .listQualifiedNames(name, name.length())
                    .getNames();
            if (!known.isEmpty()) {
                return name + " is not imported; add "
                        + String.join(
                                " or ",
                                known.stream()
                                        .limit(3)
                                        .map(full -> "import " + full + ";")
                                        .toList());
            }
        }
        return null;
    }

    /** What a type has in place of the member that it lacks; a call without its parentheses first. */
    static String member(String kind, String name, Class<?> type) {
        boolean call = kind.equals("method");
        if (!call && Stream.of(type.getMethods()).anyMatch(m -> m.getName().equals(name))) {
            return name + " is a method of " + type.getSimpleName() + "; write " + name + "(...)";
        }
        List<String> near = kind.equals("class")
                ? Stream.of(type.getClasses())
                        .map(Class::getSimpleName)
                        .filter(known -> isMisspelling(name, known))
                        .toList()
                : near(name, type);
        return type.getSimpleName() + " has no " + name + (call ? "(...); " : "; ")
                + (near.isEmpty() ? "Tab behind the dot lists what it has" : "near: " + String.join(", ", near));
    }

    /** What the cells and imports know under nearly this name; null for nothing. */
    private String spelling(String name) {
        List<String> near = Stream.of(
                        name.substring(0, 1).toLowerCase(Locale.ROOT),
                        name.substring(0, 1).toUpperCase(Locale.ROOT))
                .flatMap(first -> shell.sourceCodeAnalysis().completionSuggestions(first, 1, new int[1]).stream())
                .map(suggestion -> suggestion.continuation().replaceAll("\\W.*", ""))
                .distinct()
                .filter(known -> isMisspelling(name, known))
                .sorted(Comparator.comparingInt(known -> edits(name, known)))
                .limit(MOST)
                .toList();
        return near.isEmpty()
                ? null
                : name + " is not known; near: " + String.join(", ", near)
                        + (Character.isLowerCase(name.charAt(0)) ? " (or run the cell above that declares it)" : "");
    }

    /** One edit in three letters, and one at least; upper and lower case do not count. */
    static boolean isMisspelling(String name, String known) {
        return known.length() > 2
                && edits(name.toLowerCase(Locale.ROOT), known.toLowerCase(Locale.ROOT))
                        <= Math.max(1, name.length() / 3);
    }

    /** Public methods whose names are nearly this one, the nearest first. */
    static List<String> near(String name, Class<?> type) {
        String wanted = name.toLowerCase(Locale.ROOT);
        return Stream.of(type.getMethods())
                .filter(m -> m.getDeclaringClass() != Object.class)
                .map(Method::getName)
                .distinct()
                .filter(n -> distance(wanted, n.toLowerCase(Locale.ROOT)) < 1)
                .sorted(Comparator.<String>comparingDouble(n -> distance(wanted, n.toLowerCase(Locale.ROOT)))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(MOST)
                .toList();
    }

    /** Below 1 where two names are near: few edits for their length, one in the other, or the same first letters. */
    private static double distance(String a, String b) {
        double edits = edits(a, b) / (Math.max(a.length(), b.length()) / 2.0);
        boolean inside = Math.min(a.length(), b.length()) >= 3 && (a.contains(b) || b.contains(a));
        boolean begin = a.length() >= 3 && b.startsWith(a.substring(0, 3));
        return inside || begin ? Math.min(edits, 0.99) : edits;
    }

    /** Letters to insert, remove, replace or exchange with their neighbour until one name is the other. */
    private static int edits(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                d[i][j] = Math.min(d[i - 1][j - 1] + (same ? 0 : 1), Math.min(d[i - 1][j], d[i][j - 1]) + 1);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }

    /** The class of a name as the compiler prints it, "Voice" or "EmbeddingModel.Condition"; null where unknown. */
    private Class<?> type(String printed) {
        String first = printed.split("\\.")[0];
        Stream<String> packages = shell.imports()
                .filter(i -> !i.isStatic())
                .map(ImportSnippet::fullname)
                .filter(full -> full.endsWith(".*") || full.endsWith("." + first))
                .map(full -> full.substring(0, full.lastIndexOf('.') + 1));
        return Stream.concat(Stream.of("", "java.lang."), packages)
                .map(prefix -> load(prefix + printed))
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    private Class<?> load(String name) {
        String binary = name;
        while (true) {
            try {
                return Class.forName(binary, false, loader);
            } catch (ClassNotFoundException | LinkageError e) {
                int dot = binary.lastIndexOf('.');
                if (dot < 0) {
                    return null;
                }
                binary = binary.substring(0, dot) + "$" + binary.substring(dot + 1); // an inner class
            }
        }
    }
}
