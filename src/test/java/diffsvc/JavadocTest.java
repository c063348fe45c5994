package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.DocumentationTool;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Javadoc and its overview build without a warning: links and tags are right. Which tags are needed is left to the
 * writer.
 */
@Tag("process")
class JavadocTest {
    @TempDir
    Path out;

    @Test
    void nothingIsWarnedOf() throws IOException {
        DocumentationTool tool = ToolProvider.getSystemDocumentationTool();
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        StandardJavaFileManager files = tool.getStandardFileManager(null, Locale.ROOT, null);
        boolean built = tool.getTask(
                        null,
                        files,
                        said,
                        null,
                        List.of(
                                "-quiet",
                                "-Xdoclint:all,-missing",
                                "-Xmaxwarns",
                                "10000",
                                "-overview",
                                "src/main/javadoc/overview.html",
                                "-d",
                                out.toString(),
                                "-sourcepath",
                                "src/main/java",
                                "-subpackages",
                                "diffsvc",
                                "-classpath",
                                System.getProperty("java.class.path")),
                        null)
                .call();
        List<String> left = said.getDiagnostics().stream()
                .filter(d -> d.getKind() != Diagnostic.Kind.NOTE && d.getSource() != null)
                .map(d -> d.getSource().getName() + ":" + d.getLineNumber() + ": " + d.getMessage(Locale.ROOT))
                .toList();
        assertTrue(
                built,
                String.valueOf(said.getDiagnostics().stream()
                        .filter(d -> d.getKind() == Diagnostic.Kind.ERROR)
                        .toList()));
        assertEquals(List.of(), left);
        assertTrue(out.resolve("index.html").toFile().exists());
    }
}
