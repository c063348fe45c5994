package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.cli.Main;
import diffsvc.notebook.KernelExtension;
import diffsvc.notebook.Workbench;
import diffsvc.plot.Plots;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * What the documents and the Javadoc show compiles against the classes: blocks of Java with a notebook's imports, calls
 * in the text, and options of commands. Nothing runs.
 */
class DocumentSnippetsTest {
    /** A line before a block that is left out. */
    private static final String LEFT_OUT = "<!-- not compiled -->";

    /** What the text around a block assumes; a block may declare a variable of the same name. */
    private static final String ASSUMED = String.join(
            "\n",
            "Voice voice;",
            "Workbench bench;",
            "Plots plots;",
            "Conversion c, conversion;",
            "Wave song, other, wave;",
            "NDArray a, array, b, cond, mel, noise, tensor, units, x, x0;",
            "F0Track f0;",
            "F0Table table;",
            "Conds2Tensor.Conds conds;",
            "EmbeddingModel.Condition condition;",
            "Sampler sampler;",
            "Sampler.Eps network;",
            "Sampler.Past past;",
            "Sampler.Step step;",
            "double[] times;",
            "Film film;",
            "Progress progress;",
            "TrainingRun run;",
            "Batch batch;",
            "JointTraining.Forward forward;",
            "LiveCurve curve;",
            "RunStart start;",
            "Picture first, picture, second;",
            "Hparams h, hparams;",
            "StateDict state;",
            "NDManager manager;",
            "Path path;",
            "ProjectPaths paths;",
            "String f, title;",
            "float[] floats, values, y;",
            "NDArray loss;",
            "double value;",
            "int i, top;",
            "void show(Object... things) {}"); // a notebook's and JShell's own

    private static final Pattern INLINE = Pattern.compile("`([^`]+)`"),
            CALL =
                    Pattern.compile(
                            "(c|voice|bench|plots|step|Compare|Denoising|Samplers|WaveWriter)\\.[\\w.]+\\(.*\\)"),
            METHOD = Pattern.compile("(c|voice|bench|plots)\\.(?!json)(\\w+)"),
            JAVADOC = Pattern.compile("<pre>\\{@code\\s?(.*?)\\}</pre>", Pattern.DOTALL),
            COMMAND = Pattern.compile("diffsvc ([a-z-]+)([^`\\n]*)"),
            OPTION = Pattern.compile("(?<![\\w-])--[a-z][a-z0-9-]*");

    /** Options that the launcher itself reads, or passes to another program. */
    private static final Set<String> LAUNCHER =
            Set.of("--fast", "--tier", "--long", "--poison", "--golden", "--port", "--no-browser", "--ip", "--help");

    /** Pages whose tables name Python's side in the first column. */
    private static final Set<String> TWO_SIDED = Set.of("from-python.md", "pytorch-cookbook.md");

    private record Block(String place, String code) {}

    @TempDir
    Path out;

    @Test
    void everyBlockAndCallCompiles() throws IOException {
        List<Block> blocks = new ArrayList<>();
        for (Path page : DocumentsTest.pages()) {
            blocks.addAll(blocks(page));
            blocks.addAll(calls(page));
        }
        assertTrue(blocks.size() > 60, "only " + blocks.size() + " blocks and calls found in the documents");
        int documents = blocks.size();
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            for (Path source :
                    sources.filter(p -> p.toString().endsWith(".java")).sorted().toList()) {
                blocks.addAll(javadoc(source));
            }
        }
        assertTrue(blocks.size() - documents > 10, "only " + (blocks.size() - documents) + " blocks found in Javadoc");
        assertEquals(List.of(), errors(blocks));
    }

    @Test
    void everyNamedMethodExists() throws IOException {
        Map<String, Class<?>> types =
                Map.of("c", Conversion.class, "voice", Voice.class, "bench", Workbench.class, "plots", Plots.class);
        List<String> missing = new ArrayList<>();
        for (Path page : DocumentsTest.pages()) {
            Matcher inline = INLINE.matcher(ours(page));
            while (inline.find()) {
                Matcher method = METHOD.matcher(inline.group(1));
                if (method.matches()
                        && Arrays.stream(types.get(method.group(1)).getMethods())
                                .noneMatch(m -> m.getName().equals(method.group(2)))) {
                    missing.add(page + ": " + inline.group(1));
                }
            }
        }
        assertEquals(List.of(), missing);
    }

    @Test
    void everyOptionExists() throws IOException {
        Map<String, CommandLine> commands = new CommandLine(Main.class).getSubcommands();
        Set<String> all = commands.values().stream()
                .flatMap(c -> options(c.getCommandSpec()).stream())
                .collect(Collectors.toCollection(TreeSet::new));
        List<String> missing = new ArrayList<>();
        for (Path page : DocumentsTest.pages()) {
            String text = ours(page);
            Matcher command = COMMAND.matcher(text);
            while (command.find()) {
                CommandLine line = commands.get(command.group(1));
                Set<String> known = line == null ? LAUNCHER : options(line.getCommandSpec());
                missing(page, command.group(), known, missing);
            }
            Matcher inline = INLINE.matcher(text);
            while (inline.find()) {
                if (inline.group(1).startsWith("--")
                        && !LAUNCHER.contains(inline.group(1).split("[ =]")[0])) {
                    missing(page, inline.group(1), all, missing);
                }
            }
        }
        assertEquals(List.of(), missing);
    }

    /** Two classes of one name in the imported packages would make a cell that names one of them fail. */
    @Test
    void everyImportedNameIsOneClass() throws IOException {
        Map<String, List<Path>> classes = new TreeMap<>();
        Matcher imported = Pattern.compile("import (diffsvc[.\\w]*)\\.\\*;").matcher(KernelExtension.IMPORTS);
        while (imported.find()) {
            try (Stream<Path> sources =
                    Files.list(Path.of("src/main/java", imported.group(1).split("\\.")))) {
                for (Path source : sources.toList()) {
                    String name = source.getFileName().toString();
                    if (name.endsWith(".java") && !name.equals("package-info.java") && isPublic(source)) {
                        classes.computeIfAbsent(name, n -> new ArrayList<>()).add(source);
                    }
                }
            }
        }
        assertTrue(classes.size() > 100, "only " + classes.size() + " classes found");
        classes.values().removeIf(places -> places.size() == 1);
        assertEquals(Map.of(), classes);
    }

    private static boolean isPublic(Path source) throws IOException {
        return Pattern.compile("(?m)^public .*\\b(class|record|interface|enum)\\b")
                .matcher(Files.readString(source))
                .find();
    }

    private static void missing(Path page, String text, Set<String> known, List<String> missing) {
        Matcher option = OPTION.matcher(text);
        while (option.find()) {
            if (!known.contains(option.group())) {
                missing.add(page + ": " + text + ": no " + option.group());
            }
        }
    }

    private static Set<String> options(CommandSpec command) {
        return command.options().stream()
                .map(OptionSpec::names)
                .flatMap(Arrays::stream)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private List<String> errors(List<Block> blocks) throws IOException {
        List<JavaFileObject> units = new ArrayList<>();
        units.add(unit("Assumed", KernelExtension.IMPORTS + "\nclass Assumed {\n" + ASSUMED + "\n}"));
        for (int i = 0; i < blocks.size(); i++) {
            units.add(unit(
                    "Block" + i,
                    KernelExtension.IMPORTS + "\nclass Block" + i + " extends Assumed { void run() throws Exception {\n"
                            + blocks.get(i).code() + "\n;}}"));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        List<String> options = List.of(
                "-proc:none",
                "-classpath",
                System.getProperty("java.class.path"),
                "-d",
                out.toString(),
                "-Xmaxerrs",
                "1000");
        compiler.getTask(null, null, found, options, null, units).call();
        return found.getDiagnostics().stream()
                .filter(d -> d.getSource() != null && d.getKind() == javax.tools.Diagnostic.Kind.ERROR)
                .map(d -> {
                    String name = d.getSource().getName().replaceAll("\\D", "");
                    return (name.isEmpty()
                                    ? "what is assumed"
                                    : blocks.get(Integer.parseInt(name)).place()) + ": "
                            + d.getMessage(Locale.ROOT).replaceAll("\\s+", " ");
                })
                .toList();
    }

    private static JavaFileObject unit(String name, String code) {
        return new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignored) {
                return code;
            }
        };
    }

    /** The text of a page without fenced blocks and without what belongs to Python. */
    private static String ours(Path page) throws IOException {
        String text = Files.readString(page).replaceAll("(?ms)^```.*?^```", "");
        return TWO_SIDED.contains(page.getFileName().toString()) ? text.replaceAll("(?m)^\\|[^|]*\\|", "|") : text;
    }

    /** The fenced blocks of a page that are Java. */
    private static List<Block> blocks(Path page) throws IOException {
        List<Block> blocks = new ArrayList<>();
        List<String> lines = Files.readAllLines(page);
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).strip().equals("```java")) {
                int end = i + 1;
                while (!lines.get(end).strip().equals("```")) {
                    end++;
                }
                if (i == 0 || !lines.get(i - 1).strip().equals(LEFT_OUT)) {
                    blocks.add(new Block(page + ":" + (i + 2), String.join("\n", lines.subList(i + 1, end))));
                }
                i = end;
            }
        }
        return blocks;
    }

    /** Calls in the text of a page; one with an ellipsis shows a name only. */
    private static List<Block> calls(Path page) throws IOException {
        List<Block> calls = new ArrayList<>();
        Matcher inline = INLINE.matcher(ours(page));
        while (inline.find()) {
            if (CALL.matcher(inline.group(1)).matches() && !inline.group(1).contains("...")) {
                calls.add(new Block(page + ": " + inline.group(1), inline.group(1)));
            }
        }
        return calls;
    }

    /** The blocks of code in a source's Javadoc; a line of Python is a comment there. */
    private static List<Block> javadoc(Path source) throws IOException {
        List<Block> blocks = new ArrayList<>();
        Matcher block = JAVADOC.matcher(Files.readString(source));
        while (block.find()) {
            String code = block.group(1)
                    .lines()
                    .map(l -> l.replaceFirst("^\\s*\\* ?", ""))
                    .filter(l -> !l.startsWith("#"))
                    .collect(Collectors.joining("\n"));
            blocks.add(
                    new Block(source + ": " + code.strip().lines().findFirst().orElse(""), code));
        }
        return blocks;
    }
}
