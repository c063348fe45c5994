package diffsvc.notebook;

import diffsvc.plot.HtmlParts;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.jshell.SourceCodeAnalysis;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.SourceCodeAnalysis.Documentation;

/**
 * Answers Shift+Tab: signature and Javadoc of the name at the cursor, as HTML and as text. The cursor may stand within
 * the name, before or behind it, or between the parentheses of a call.
 *
 * <p>JShell documents a method only right behind its opening parenthesis, so the code is cut behind the name and the
 * parenthesis is added.
 */
final class Inspector {
    private static final int MOST = 8;
    private static final Pattern INLINE = Pattern.compile("\\{@(\\w+)\\s+([^{}]*(?:\\{[^{}]*\\}[^{}]*)*)\\}");
    private final SourceCodeAnalysis analysis;

    Inspector(SourceCodeAnalysis analysis) {
        this.analysis = analysis;
    }

    /** What the front end displays. */
    record Answer(String html, String text) {}

    /**
     * Looks up the name at the cursor.
     *
     * @param code of the cell
     * @param cursor in characters, 0 to the code's length
     * @return empty where there is no name, or JShell knows nothing of it
     */
    Optional<Answer> at(String code, int cursor) {
        int at = Math.max(0, Math.min(cursor, code.length()));
        for (int[] name : new int[][] {name(code, at), call(code, at)}) {
            if (name != null) {
                String whole = code.substring(0, name[1]), last = lastStatement(whole);
                for (String before : last.equals(whole) ? List.of(whole) : List.of(last, whole)) {
                    List<Documentation> found = documented(before);
                    if (!found.isEmpty()) {
                        return Optional.of(answer(found));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private List<Documentation> documented(String before) {
        boolean made = before.matches("(?s).*\\bnew\\s+[\\w.]+");
        for (String ask : made ? List.of(before + "(", before) : List.of(before, before + "(")) {
            List<Documentation> found = analysis.documentation(ask, ask.length(), true);
            if (!found.isEmpty()) {
                return found.size() > 1 || found.get(0).javadoc() != null ? found : withType(found.get(0));
            }
        }
        return List.of();
    }

    /** A variable, "voice:diffsvc.voice.Voice", and behind it what its type is. */
    private List<Documentation> withType(Documentation variable) {
        int colon = variable.signature().indexOf(':');
        if (colon < 0) {
            return List.of(variable);
        }
        String type = variable.signature().substring(colon + 1).replaceAll("<.*", "");
        List<Documentation> both = new ArrayList<>(List.of(variable));
        both.addAll(analysis.documentation(type, type.length(), true));
        return both;
    }

    /** Begin and end of the name at the cursor; null for none. */
    static int[] name(String code, int cursor) {
        int from = cursor, to = cursor;
        while (from > 0 && Character.isJavaIdentifierPart(code.charAt(from - 1))) {
            from--;
        }
        while (to < code.length() && Character.isJavaIdentifierPart(code.charAt(to))) {
            to++;
        }
        return to > from && !Character.isDigit(code.charAt(from)) ? new int[] {from, to} : null;
    }

    /**
     * Begin and end of the name of the call in whose parentheses, or right behind which, the cursor is; null for none.
     */
    static int[] call(String code, int cursor) {
        int depth = 0;
        for (int i = cursor - 1; i >= 0 && code.charAt(i) != ';' && code.charAt(i) != '{'; i--) {
            depth += code.charAt(i) == ')' && i < cursor - 1 ? 1 : code.charAt(i) == '(' ? -1 : 0;
            if (depth < 0) {
                int end = i;
                while (end > 0 && Character.isWhitespace(code.charAt(end - 1))) {
                    end--;
                }
                return name(code, end);
            }
        }
        return null;
    }

    /** Without the complete statements before the last one: JShell looks at one snippet. */
    private String lastStatement(String code) {
        String rest = code;
        for (int i = 0; i < 200; i++) {
            CompletionInfo info = analysis.analyzeCompletion(rest);
            if (!info.completeness().isComplete() || info.remaining().isBlank()) {
                return rest;
            }
            rest = info.remaining();
        }
        return rest;
    }

    private static Answer answer(List<Documentation> found) {
        StringBuilder html = new StringBuilder(), text = new StringBuilder();
        for (Documentation d : found.subList(0, Math.min(MOST, found.size()))) {
            Javadoc doc = Javadoc.of(d.javadoc());
            html.append("<p><code><b>").append(HtmlParts.escaped(d.signature())).append("</b></code></p>");
            html.append(doc.html(parameters(d.signature())));
            text.append(d.signature()).append('\n');
            text.append(doc.text()).append(doc.text().isEmpty() ? "" : "\n");
        }
        if (found.size() > MOST) {
            String more = "and " + (found.size() - MOST) + " more";
            html.append("<p>").append(more).append("</p>");
            text.append(more);
        }
        return new Answer(html.toString(), text.toString().strip());
    }

    /** Parameters of a signature by name, with their types. */
    static Map<String, String> parameters(String signature) {
        Map<String, String> all = new LinkedHashMap<>();
        int open = signature.indexOf('('), close = signature.lastIndexOf(')');
        if (open < 0 || close < open) {
            return all;
        }
        int depth = 0, from = open + 1;
        for (int i = open + 1; i <= close; i++) {
            char c = signature.charAt(i);
            depth += c == '<' ? 1 : c == '>' ? -1 : 0;
            if (depth == 0 && (c == ',' || i == close)) {
                String one = signature.substring(from, i).strip();
                int space = one.lastIndexOf(' ');
                if (space > 0) {
                    all.put(one.substring(space + 1), one.substring(0, space));
                }
                from = i + 1;
            }
        }
        return all;
    }

    /** A Javadoc comment: its text, then its tags by "param x", "return", "throws X". */
    record Javadoc(String body, Map<String, String> tags) {
        static Javadoc of(String comment) {
            Map<String, String> tags = new LinkedHashMap<>();
            String[] parts = (comment == null ? "" : comment).split("(?m)^\\s*@(?=[a-z])");
            for (int i = 1; i < parts.length; i++) {
                String[] words = parts[i].strip().split("\\s+", 2);
                String rest = words.length < 2 ? "" : words[1];
                if (words[0].equals("param") || words[0].equals("throws")) {
                    String[] named = rest.split("\\s+", 2);
                    tags.put(words[0] + " " + named[0], named.length < 2 ? "" : named[1]);
                } else {
                    tags.put(words[0], rest);
                }
            }
            return new Javadoc(parts.length == 0 ? "" : parts[0].strip(), tags);
        }

        String html(Map<String, String> parameters) {
            StringBuilder html = new StringBuilder(body.isEmpty() ? "" : "<p>" + inline(body) + "</p>");
            StringBuilder rows = new StringBuilder();
            parameters.forEach((name, type) -> rows.append(row(name, type, tags.getOrDefault("param " + name, ""))));
            tags.forEach((tag, text) -> {
                if (tag.startsWith("param ") && !parameters.containsKey(tag.substring(6))) {
                    rows.append(row(tag.substring(6), "", text));
                } else if (!tag.startsWith("param ")) {
                    rows.append(row(tag.equals("return") ? "returns" : tag, "", text));
                }
            });
            return rows.length() == 0 ? html.toString() : html + "<table>" + rows + "</table>";
        }

        private static String row(String name, String type, String text) {
            return "<tr><td style=\"text-align:left\"><b>" + HtmlParts.escaped(name)
                    + "</b></td><td style=\"text-align:left\"><code>" + HtmlParts.escaped(type)
                    + "</code></td><td style=\"text-align:left\">" + inline(text) + "</td></tr>";
        }

        String text() {
            StringBuilder text = new StringBuilder(plain(body));
            tags.forEach((tag, words) -> text.append('\n')
                    .append("  ")
                    .append(tag.replaceFirst("^param ", "").replaceFirst("^return$", "returns"))
                    .append(": ")
                    .append(plain(words)));
            return text.toString().strip();
        }

        /** Inline tags as HTML; {@code {@link X#y}} as X.y. */
        private static String inline(String comment) {
            return INLINE.matcher(comment).replaceAll(m -> {
                String inside = m.group(2).strip();
                boolean link = m.group(1).startsWith("link") || m.group(1).equals("value");
                return Matcher.quoteReplacement(
                        "<code>" + HtmlParts.escaped(link ? linked(inside) : inside) + "</code>");
            });
        }

        private static String linked(String target) {
            int space = target.indexOf(' ');
            boolean labelled = space > 0 && target.lastIndexOf('(', space) <= target.lastIndexOf(')', space);
            return (labelled ? target.substring(space + 1) : target)
                    .replaceAll("(?:[a-z]\\w*\\.)+(?=[A-Z])", "")
                    .replaceFirst("^#", "")
                    .replace('#', '.');
        }

        private static String plain(String comment) {
            return inline(comment)
                    .replaceAll("(?i)<p>", "\n")
                    .replaceAll("<[^>]+>", "")
                    .replaceAll("[ \\t]*\\n[ \\t]*", " ")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&quot;", "\"")
                    .replace("&amp;", "&")
                    .strip();
        }
    }
}
