package interop;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import net.sf.scuba.smartcards.CardService;
import net.sf.scuba.smartcards.CardServiceException;
import net.sf.scuba.smartcards.CommandAPDU;
import net.sf.scuba.smartcards.ISO7816;
import net.sf.scuba.smartcards.ResponseAPDU;

/**
 * The reader's side of vsmartcard's protocol: each message is two bytes of length, big-endian, and
 * the message; a message of one byte is an order to the card's power supply.
 */
final class VirtualReader extends CardService {
  private static final int POWER_OFF = 0;
  private static final int POWER_ON = 1;
  private static final int RESET = 2;
  private static final int GET_ATR = 4;
  private static final int TIMEOUT_MS = 30_000;
  private static final int MAX_PIECES = 1000;

  private final ServerSocket slot;
  private Socket card;
  private DataInputStream answers;
  private DataOutputStream commands;
  private byte[] atr;
  private int exchanged;
  private int extended;
  private int longestAnswer;

  VirtualReader(ServerSocket slot) {
    this.slot = slot;
  }

  static ServerSocket slot() throws IOException {
    ServerSocket slot = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    slot.setSoTimeout(TIMEOUT_MS);
    return slot;
  }

  @Override
  public void open() throws CardServiceException {
    try {
      card = slot.accept();
      card.setTcpNoDelay(true);
      card.setSoTimeout(TIMEOUT_MS);
      answers = new DataInputStream(card.getInputStream());
      commands = new DataOutputStream(card.getOutputStream());
      send(new byte[] {POWER_ON});
      send(new byte[] {RESET});
      send(new byte[] {GET_ATR});
      atr = receive();
    } catch (IOException e) {
      throw new CardServiceException("no card: " + e.getMessage(), e);
    }
  }

  @Override
  public boolean isOpen() {
    return card != null && !card.isClosed();
  }

  @Override
  public ResponseAPDU transmit(CommandAPDU command) throws CardServiceException {
    try {
      return new ResponseAPDU(whole(command.getBytes()));
    } catch (IOException e) {
      throw new CardServiceException("the card is gone: " + e.getMessage(), e);
    }
  }

  /** Follows 61xx and 6Cxx, as javax.smartcardio does for readers of PC/SC. */
  private byte[] whole(byte[] command) throws IOException {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    byte[] next = command;
    for (int i = 0; i < MAX_PIECES; i++) {
      byte[] answer = exchange(next);
      int length = answer.length - 2;
      if (length < 0) {
        throw new IOException("an answer without a status word");
      }
      if (answer[length] == 0x6C && length == 0) {
        next = next.clone();
        next[next.length - 1] = answer[1];
        continue;
      }
      if (answer[length] == 0x61) {
        data.write(answer, 0, length);
        next = new byte[] {0, ISO7816.INS_GET_RESPONSE, 0, 0, answer[length + 1]};
        continue;
      }
      data.write(answer);
      return data.toByteArray();
    }
    throw new IOException("an answer without end");
  }

  private byte[] exchange(byte[] command) throws IOException {
    exchanged += 1;
    if (command.length > 5 && command[4] == 0) {
      extended += 1;
    }
    send(command);
    byte[] answer = receive();
    longestAnswer = Math.max(longestAnswer, answer.length);
    return answer;
  }

  @Override
  public byte[] getATR() {
    return atr.clone();
  }

  @Override
  public boolean isExtendedAPDULengthSupported() {
    return true;
  }

  @Override
  public boolean isConnectionLost(Exception e) {
    return e.getCause() instanceof IOException;
  }

  @Override
  public void close() {
    try {
      if (card != null) {
        send(new byte[] {POWER_OFF});
        card.close();
      }
    } catch (IOException e) {
      // The card went first.
    }
  }

  /** How many commands were sent. */
  int exchanged() {
    return exchanged;
  }

  /** How many of them had extended length. */
  int extended() {
    return extended;
  }

  /** The most bytes that the card answered at once, with its status word. */
  int longestAnswer() {
    return longestAnswer;
  }

  private void send(byte[] message) throws IOException {
    commands.writeShort(message.length);
    commands.write(message);
    commands.flush();
  }

  private byte[] receive() throws IOException {
    byte[] message = new byte[answers.readUnsignedShort()];
    answers.readFully(message);
    return message;
  }
}
