package diffsvc.evaluate.signal;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What src/test/python/make_judge_signal.py wrote. */
final class SignalGolden {
    private static final Path FILE = Path.of("src/test/resources/judges/signal.json");

    private SignalGolden() {}

    static JsonObject file(String name) throws IOException {
        return all().getAsJsonObject("files").getAsJsonObject(name);
    }

    static JsonObject pair(String first, String second) throws IOException {
        return all().getAsJsonObject("pairs").getAsJsonObject(first + " " + second);
    }

    private static JsonObject all() throws IOException {
        return JsonParser.parseString(Files.readString(FILE)).getAsJsonObject();
    }
}
