package interop;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import net.sf.scuba.smartcards.CardService;
import net.sf.scuba.smartcards.CardServiceException;
import net.sf.scuba.smartcards.CommandAPDU;
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
    byte[] bytes = command.getBytes();
    exchanged += 1;
    if (bytes.length > 5 && bytes[4] == 0) {
      extended += 1;
    }
    try {
      send(bytes);
      byte[] answer = receive();
      longestAnswer = Math.max(longestAnswer, answer.length);
      return new ResponseAPDU(answer);
    } catch (IOException e) {
      throw new CardServiceException("the card is gone: " + e.getMessage(), e);
    }
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
