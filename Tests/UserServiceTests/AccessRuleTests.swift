import ProtoWire
import RPCCore
import Testing
import UserAPI

@testable import UserService

/// Who may call what, as the contract says.
@Suite struct AccessRuleTests {
  private func method(_ rule: AccessRule?) -> MethodDescriptor {
    var options = Google_Protobuf_MethodOptions()
    if let rule { options.setAccess(rule) }
    return MethodDescriptor(service: "test.Test", name: "Do", kind: .unary, options: options)
  }

  /// A call that is added without a rule fails here.
  @Test func everyMethodHasARule() throws {
    let methods = UserServiceMethods.service.methods
    #expect(!methods.isEmpty)
    for method in methods { _ = try MethodAccess(method) }
  }

  @Test func rulesOfTheDirectory() throws {
    #expect(try MethodAccess(UserServiceMethods.getUser) == .restricted(self: true, scopes: ["users.read"]))
    #expect(try MethodAccess(UserServiceMethods.listUsers) == .restricted(self: false, scopes: ["users.read"]))
    #expect(try MethodAccess(UserServiceMethods.updateUser) == .restricted(self: false, scopes: ["users.write"]))
    #expect(try MethodAccess(UserServiceMethods.exportUsers) == .restricted(self: false, scopes: ["users.export"]))
    #expect(try MethodAccess(UserServiceMethods.watchUsers) == .restricted(self: false, scopes: ["users.watch"]))
    #expect(try MethodAccess(UserServiceMethods.purgeUser) == .restricted(self: false, scopes: ["users.purge"]))
  }

  @Test func kindsOfRules() throws {
    #expect(try MethodAccess(method(.with { $0.public = true })) == .everybody)
    #expect(try MethodAccess(method(.with { $0.authenticated = true })) == .authenticated)
    #expect(try MethodAccess(method(.with { $0.self_p = true })) == .restricted(self: true, scopes: []))
    #expect(
      try MethodAccess(method(.with { $0.scopes = ["a", "b"] })) == .restricted(self: false, scopes: ["a", "b"]))
  }

  /// None of them lets anybody in by mistake.
  @Test(
    arguments: [
      nil, AccessRule(), .with { ($0.public, $0.authenticated) = (true, true) },
      .with { ($0.public, $0.scopes) = (true, ["a"]) }, .with { ($0.authenticated, $0.self_p) = (true, true) },
      .with { $0.scopes = [""] }, .with { $0.scopes = ["a b"] }, .with { $0.scopes = ["a", "\"b\""] },
    ] as [AccessRule?])
  func badRules(rule: AccessRule?) throws {
    let method = method(rule)
    let fault = try #require(throws: AccessRuleFault.self) { try MethodAccess(method) }
    #expect(fault.method == method && fault.description.contains("test.Test/Do"))
  }

  /// A rule whose bytes can't be read is no rule.
  @Test func damagedRules() throws {
    var options = Google_Protobuf_MethodOptions()
    // Field 50310, length-delimited, with a field of its own that claims more bytes than there are.
    options.unknownFields = UnknownFields(wireBytes: [0xb2, 0xc8, 0x18, 0x02, 0x22, 0x7f])
    let method = MethodDescriptor(service: "test.Test", name: "Do", kind: .unary, options: options)
    #expect(throws: AccessRuleFault.self) { try MethodAccess(method) }
  }
}
