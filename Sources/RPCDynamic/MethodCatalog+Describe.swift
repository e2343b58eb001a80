internal import ProtoWire

extension MethodCatalog {
  /// A service, method, message or enum as a .proto file declares it, for people.
  /// - Parameter symbol: its full name; a method with a slash or a dot before its name.
  /// - Throws: `DynamicError` if there is none of that name.
  public func describe(_ symbol: String) throws(DynamicError) -> String {
    let symbol = symbol.map { $0 == "/" ? "." : $0 }.drop { $0 == "." }.map(String.init).joined()
    for file in files {
      for service in file.service {
        let name = Self.join(file.package, service.name)
        if name == symbol { return "\(name) is a service:\n" + ProtoText.service(service) }
        for method in service.method where Self.join(name, method.name) == symbol {
          return "\(symbol) is a method:\n" + ProtoText.signature(method) + "\n"
        }
      }
      let isProto3 = file.syntax == "proto3"
      for message in file.messageType {
        if let found = Self.find(symbol, in: message, Self.join(file.package, message.name), isProto3) { return found }
      }
      for type in file.enumType where Self.join(file.package, type.name) == symbol {
        return "\(symbol) is an enum:\n" + ProtoText.enumeration(type)
      }
    }
    throw DynamicError("there is no \(symbol)")
  }

  private static func find(
    _ symbol: String, in message: Google_Protobuf_DescriptorProto, _ name: String, _ isProto3: Bool
  ) -> String? {
    if name == symbol { return "\(name) is a message:\n" + ProtoText.message(message, isProto3: isProto3) }
    guard symbol.hasPrefix(name + ".") else { return nil }
    for type in message.enumType where join(name, type.name) == symbol {
      return "\(symbol) is an enum:\n" + ProtoText.enumeration(type)
    }
    for nested in message.nestedType {
      if let found = find(symbol, in: nested, join(name, nested.name), isProto3) { return found }
    }
    return nil
  }
}
