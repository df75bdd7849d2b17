import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.eclipse.milo.opcua.sdk.server.EndpointConfig;
import org.eclipse.milo.opcua.sdk.server.ManagedNamespaceWithLifecycle;
import org.eclipse.milo.opcua.sdk.server.OpcUaServer;
import org.eclipse.milo.opcua.sdk.server.OpcUaServerConfig;
import org.eclipse.milo.opcua.sdk.server.identity.AnonymousIdentityValidator;
import org.eclipse.milo.opcua.sdk.server.identity.CompositeValidator;
import org.eclipse.milo.opcua.sdk.server.identity.UsernameIdentityValidator;
import org.eclipse.milo.opcua.sdk.server.items.DataItem;
import org.eclipse.milo.opcua.sdk.server.items.MonitoredItem;
import org.eclipse.milo.opcua.sdk.server.nodes.UaFolderNode;
import org.eclipse.milo.opcua.sdk.server.nodes.UaVariableNode;
import org.eclipse.milo.opcua.sdk.server.util.SubscriptionModel;
import org.eclipse.milo.opcua.stack.core.NodeIds;
import org.eclipse.milo.opcua.stack.core.security.CertificateValidator;
import org.eclipse.milo.opcua.stack.core.security.DefaultApplicationGroup;
import org.eclipse.milo.opcua.stack.core.security.DefaultCertificateManager;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateQuarantine;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateStore;
import org.eclipse.milo.opcua.stack.core.security.MemoryTrustListManager;
import org.eclipse.milo.opcua.stack.core.security.SecurityPolicy;
import org.eclipse.milo.opcua.stack.core.types.builtin.ByteString;
import org.eclipse.milo.opcua.stack.core.types.builtin.DataValue;
import org.eclipse.milo.opcua.stack.core.types.builtin.DateTime;
import org.eclipse.milo.opcua.stack.core.types.builtin.LocalizedText;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.UShort;
import org.eclipse.milo.opcua.stack.core.types.enumerated.MessageSecurityMode;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransport;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransportConfig;

/** An Eclipse Milo server for the interoperation tests: fixed variables, values and times as told on standard input. */
public final class InteropServer {
    static final Map<String, NodeId> TYPES = new LinkedHashMap<>();

    static {
        TYPES.put("double", NodeIds.Double);
        TYPES.put("float", NodeIds.Float);
        TYPES.put("int32", NodeIds.Int32);
        TYPES.put("uint16", NodeIds.UInt16);
        TYPES.put("bool", NodeIds.Boolean);
        TYPES.put("text", NodeIds.String);
    }

    static Object parse(String name, String text) {
        return switch (name) {
            case "double" -> Double.valueOf(text);
            case "float" -> Float.valueOf(text);
            case "int32" -> Integer.valueOf(text);
            case "uint16" -> UShort.valueOf(text);
            case "bool" -> Boolean.valueOf(text);
            default -> text;
        };
    }

    static final class Plant extends ManagedNamespaceWithLifecycle {
        final Map<String, UaVariableNode> variables = new HashMap<>();
        private final SubscriptionModel subscriptions;

        Plant(OpcUaServer server) {
            super(server, "urn:ovoo:test:plant");
            subscriptions = new SubscriptionModel(server, this);
            getLifecycleManager().addLifecycle(subscriptions);
            getLifecycleManager().addStartupTask(this::addNodes);
        }

        private void addNodes() {
            UaFolderNode folder = new UaFolderNode(
                getNodeContext(), newNodeId("Plant"), newQualifiedName("Plant"), LocalizedText.english("Plant"));
            getNodeManager().addNode(folder);
            folder.addReference(new org.eclipse.milo.opcua.sdk.core.Reference(
                folder.getNodeId(), NodeIds.Organizes, NodeIds.ObjectsFolder.expanded(), false));
            TYPES.forEach((name, type) -> {
                UaVariableNode node = new UaVariableNode.UaVariableNodeBuilder(getNodeContext())
                    .setNodeId(newNodeId(name))
                    .setBrowseName(newQualifiedName(name))
                    .setDisplayName(LocalizedText.english(name))
                    .setDataType(type)
                    .setTypeDefinition(NodeIds.BaseDataVariableType)
                    .setMinimumSamplingInterval(0.0)
                    .build();
                node.setValue(new DataValue(new Variant(parse(name, "0"))));
                getNodeManager().addNode(node);
                folder.addOrganizes(node);
                variables.put(name, node);
            });
        }

        @Override
        public void onDataItemsCreated(List<DataItem> items) {
            subscriptions.onDataItemsCreated(items);
        }

        @Override
        public void onDataItemsModified(List<DataItem> items) {
            subscriptions.onDataItemsModified(items);
        }

        @Override
        public void onDataItemsDeleted(List<DataItem> items) {
            subscriptions.onDataItemsDeleted(items);
        }

        @Override
        public void onMonitoringModeChanged(List<MonitoredItem> items) {
            subscriptions.onMonitoringModeChanged(items);
        }
    }

    /** Gives out the one pair that the test made. */
    record Pair(KeyPair keys, X509Certificate certificate)
        implements org.eclipse.milo.opcua.stack.core.security.CertificateFactory {
        @Override
        public KeyPair createKeyPair(NodeId type) {
            return keys;
        }

        @Override
        public X509Certificate[] createCertificateChain(NodeId type, KeyPair pair) {
            return new X509Certificate[] {certificate};
        }

        @Override
        public ByteString createSigningRequest(
            NodeId type, KeyPair pair, X500Name subject, String uri, List<String> names, List<String> addresses) {
            throw new UnsupportedOperationException("the test's certificate is fixed");
        }
    }

    static Pair read(Path pki) throws Exception {
        X509Certificate certificate;
        try (var in = Files.newInputStream(pki.resolve("server.der"))) {
            certificate = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
        String pem = Files.readString(pki.resolve("server.key.pem")).replaceAll("-----[A-Z ]+-----|\\s", "");
        var key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
        return new Pair(new KeyPair(certificate.getPublicKey(), key), certificate);
    }

    static Set<EndpointConfig> endpoints(int port, X509Certificate certificate) {
        Set<EndpointConfig> found = new HashSet<>();
        var policies = List.of(
            SecurityPolicy.None, SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes128_Sha256_RsaOaep,
            SecurityPolicy.Aes256_Sha256_RsaPss);
        for (SecurityPolicy policy : policies) {
            var modes = policy == SecurityPolicy.None
                ? List.of(MessageSecurityMode.None)
                : List.of(MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt);
            for (MessageSecurityMode mode : modes) {
                found.add(new EndpointConfig.Builder()
                    .setBindAddress("127.0.0.1")
                    .setHostname("127.0.0.1")
                    .setBindPort(port)
                    .setCertificate(certificate)
                    .setSecurityPolicy(policy)
                    .setSecurityMode(mode)
                    .addTokenPolicies(
                        OpcUaServerConfig.USER_TOKEN_POLICY_ANONYMOUS, OpcUaServerConfig.USER_TOKEN_POLICY_USERNAME)
                    .build());
            }
        }
        return found;
    }

    public static void main(String[] arguments) throws Exception {
        // Aes256_Sha256_RsaPss needs a signature that Java has only from there
        Security.addProvider(new BouncyCastleProvider());
        Pair pair = read(Path.of(arguments[1]));
        var group = DefaultApplicationGroup.createAndInitialize(
            new MemoryTrustListManager(), new MemoryCertificateStore(), pair,
            new CertificateValidator.InsecureCertificateValidator());
        var users = new UsernameIdentityValidator(
            given -> given.getUsername().equals(arguments[3]) && given.getPassword().equals(arguments[4]));
        OpcUaServerConfig config = OpcUaServerConfig.builder()
            .setApplicationUri(arguments[2])
            .setApplicationName(LocalizedText.english("interop"))
            .setProductUri("urn:ovoo:test:milo")
            .setCertificateManager(new DefaultCertificateManager(new MemoryCertificateQuarantine(), group))
            .setIdentityValidator(new CompositeValidator(AnonymousIdentityValidator.INSTANCE, users))
            .setEndpoints(endpoints(Integer.parseInt(arguments[0]), pair.certificate()))
            .build();
        OpcUaServer server = new OpcUaServer(
            config, profile -> new OpcTcpServerTransport(OpcTcpServerTransportConfig.newBuilder().build()));
        Plant plant = new Plant(server);
        plant.startup();
        server.startup().get();
        System.out.println("ready");
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] part = line.split(" ", 6);
            plant.variables.get(part[1]).setValue(new DataValue(
                new Variant(parse(part[1], part[5])),
                new StatusCode(Long.parseLong(part[2], 16)),
                new DateTime(Long.parseLong(part[3])),
                new DateTime(Long.parseLong(part[4]))));
            System.out.println("wrote");
        }
        server.shutdown().get();
    }
}
