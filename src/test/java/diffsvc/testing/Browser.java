package diffsvc.testing;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A headless Chromium of the system, driven over its DevTools protocol. */
public final class Browser implements AutoCloseable {
    private static final Pattern LISTENS = Pattern.compile("DevTools listening on (ws://\\S+)\\s");
    private static final int GUARD_MINUTES = 15;

    private final Watched chromium;
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<JsonObject>> waiting = new ConcurrentHashMap<>();
    private final AtomicInteger ids = new AtomicInteger();
    private String session;

    /** Chromium's program on this machine, null where there is none. */
    public static Path program() {
        return Stream.of(
                        System.getenv().getOrDefault("CHROMIUM", ""),
                        "/usr/bin/chromium",
                        "/usr/bin/chromium-browser",
                        "/usr/bin/google-chrome",
                        "/snap/bin/chromium")
                .filter(p -> !p.isEmpty())
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    public Browser(Path profile, int width, int height) throws IOException, InterruptedException {
        chromium = new Watched(new ProcessBuilder(List.of(
                program().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "--window-size=" + width + "," + height,
                "about:blank")));
        chromium.until("DevTools listening on ");
        Matcher listens = LISTENS.matcher(chromium.until("/devtools/browser/") + "\n");
        if (!listens.find()) {
            throw new IllegalStateException("Chromium says no address: " + chromium.text());
        }
        socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create(listens.group(1)), new Ear())
                .join();
        JsonObject target = new JsonObject();
        target.addProperty("url", "about:blank");
        JsonObject attach = new JsonObject();
        attach.addProperty(
                "targetId", call("Target.createTarget", target).get("targetId").getAsString());
        attach.addProperty("flatten", true);
        session = call("Target.attachToTarget", attach).get("sessionId").getAsString();
        JsonObject size = new JsonObject();
        size.addProperty("width", width);
        size.addProperty("height", height);
        size.addProperty("deviceScaleFactor", 1);
        size.addProperty("mobile", false);
        call("Emulation.setDeviceMetricsOverride", size);
    }

    private final class Ear implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                JsonObject message = JsonParser.parseString(text.toString()).getAsJsonObject();
                text.setLength(0);
                CompletableFuture<JsonObject> answer =
                        message.has("id") ? waiting.remove(message.get("id").getAsInt()) : null;
                if (answer != null && message.has("error")) {
                    answer.completeExceptionally(
                            new IllegalStateException(message.get("error").toString()));
                } else if (answer != null) {
                    answer.complete(message.getAsJsonObject("result"));
                }
            }
            from.request(1);
            return null;
        }
    }

    private JsonObject call(String method, JsonObject parameters) throws InterruptedException {
        int id = ids.incrementAndGet();
        JsonObject message = new JsonObject();
        message.addProperty("id", id);
        message.addProperty("method", method);
        message.add("params", parameters);
        if (session != null) {
            message.addProperty("sessionId", session);
        }
        CompletableFuture<JsonObject> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        socket.sendText(message.toString(), true).join();
        try {
            return answer.get(GUARD_MINUTES, TimeUnit.MINUTES);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(method, e);
        }
    }

    public void open(String url) throws InterruptedException {
        JsonObject p = new JsonObject();
        p.addProperty("url", url);
        call("Page.navigate", p);
    }

    /** The value of a JavaScript expression, as text. */
    public String ask(String expression) throws InterruptedException {
        JsonObject p = new JsonObject();
        p.addProperty("expression", "String(" + expression + ")");
        p.addProperty("awaitPromise", true);
        JsonObject result = call("Runtime.evaluate", p).getAsJsonObject("result");
        return result.has("value") ? result.get("value").getAsString() : result.toString();
    }

    /** Presses Shift+Tab on what has the focus. */
    public void shiftTab() throws InterruptedException {
        for (String type : new String[] {"rawKeyDown", "keyUp"}) {
            JsonObject p = new JsonObject();
            p.addProperty("type", type);
            p.addProperty("modifiers", 8);
            p.addProperty("key", "Tab");
            p.addProperty("code", "Tab");
            p.addProperty("windowsVirtualKeyCode", 9);
            call("Input.dispatchKeyEvent", p);
        }
    }

    /**
     * Waits until an expression is true, asked four times a second: no event of the page stands for all that is asked.
     * The guard only ends a test that hangs.
     */
    public void until(String expression) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(GUARD_MINUTES);
        while (!ask(expression).equals("true")) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(
                        "never: " + expression + "; the page says: " + ask("document.body.innerText.slice(0, 2000)"));
            }
            Thread.sleep(250);
        }
    }

    /** Waits until the page has drawn what it shows, pictures included. */
    public void drawn() throws InterruptedException {
        ask("Promise.all([...document.images].map(i => i.decode().catch(() => 0)))"
                + ".then(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(1)))))");
    }

    /** What is to be seen now, as PNG. */
    public Path screenshot(Path file) throws IOException, InterruptedException {
        JsonObject p = new JsonObject();
        p.addProperty("format", "png");
        return Files.write(
                file,
                Base64.getDecoder()
                        .decode(call("Page.captureScreenshot", p).get("data").getAsString()));
    }

    @Override
    public void close() throws InterruptedException {
        socket.abort();
        chromium.close();
        chromium.end();
    }
}
