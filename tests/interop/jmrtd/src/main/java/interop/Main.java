package interop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.jmrtd.PassportService;
import org.json.JSONObject;

/**
 * Reads chips with JMRTD. The first line printed names the port of the virtual reader; then each
 * line of standard input describes one case, whose card must connect, and is answered by one line.
 */
public final class Main {
  private static final Logger LOGGERS = Logger.getLogger("");

  private Main() {}

  /** Runs until the input ends. */
  public static void main(String[] arguments) throws Exception {
    LOGGERS.setLevel(arguments.length > 0 ? Level.parse(arguments[0]) : Level.OFF);
    // JMRTD's integrated mapping names keys "AES/CBC/NoPadding", which Java's own provider refuses.
    Security.insertProviderAt(new BouncyCastleProvider(), 1);
    PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (ServerSocket slot = VirtualReader.slot();
        BufferedReader cases =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      output.println(
          new JSONObject()
              .put("port", slot.getLocalPort())
              .put("library", PassportService.class.getPackage().getName())
              .put("java", System.getProperty("java.version")));
      for (String line = cases.readLine(); line != null; line = cases.readLine()) {
        output.println(new Reading(new JSONObject(line), new VirtualReader(slot)).run());
      }
    }
  }
}
