import ArgumentParser
import EventLoop
import RPCClient
import RPCCore
import RPCDynamic

/// What `call --reflect` asks a server about itself.
struct CallReflection {
  let client: ReflectionClient

  init(_ channel: Channel, _ options: CallOptions) { client = ReflectionClient(channel, options: options) }

  /// The server's services, or the methods of one.
  func list(_ service: String?) throws -> [String] {
    guard let service else {
      return try wait { try await client.services() }
    }
    let catalog = try wait { try await client.catalog(of: service) }
    guard let methods = catalog.methods(of: service) else {
      throw ValidationError("\(service) is no service of the server.")
    }
    return methods.map(\.descriptor.description)
  }

  /// Declarations: of one symbol, or of all services.
  func describe(_ symbol: String?) throws -> [String] {
    let symbols = try symbol.map { [$0] } ?? list(nil)
    return try symbols.map { symbol in
      let name = symbol.contains("/") ? try MethodCatalog.split(symbol).service : symbol
      let text = try wait { try await client.catalog(of: name) }.describe(symbol)
      return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
  }

  func method(_ name: String) throws -> DynamicMethod {
    let (service, _) = try MethodCatalog.split(name)
    return try wait { try await client.catalog(of: service) }.method(name)
  }

  private func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let result: Result<Value, any Error> = Latch.wait {
      do {
        return .success(try await body())
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
