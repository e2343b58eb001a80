import ProtoWire
import RPCCore
import Synchronization

/// A garden of twelve plants; it counts what runs at once.
final class GardenService: GardenProvider {
  private struct State {
    var running = 0
    var mostRunning = 0
    var calls: [String] = []
  }

  private let state = Mutex(State())

  /// The most calls of getPlant that ran at once.
  var mostRunning: Int { state.withLock { $0.mostRunning } }
  /// The calls in order: method and what it was asked.
  var calls: [String] { state.withLock { $0.calls } }

  private func note(_ call: String) { state.withLock { $0.calls.append(call) } }

  static func plant(_ number: Int) -> Plant {
    .with {
      $0.id = "p\(number)"
      $0.label = "Plant \"\(number)\""
      $0.health = .good
      $0.height = Int32(-number)
      $0.cells = 1 << 60
      $0.bed = .with {
        $0.name = "bed \(number % 3)"
        $0.depth = -7
      }
      $0.neighbours = [.with { $0.id = "n\(number)" }]
      $0.names = ["rose", "Röschen\n"]
      $0.weights = [1.5, 2]
      $0.needs = ["water": "much"]
      $0.planted = Google_Protobuf_Timestamp.with {
        $0.seconds = 1_700_000_000
        $0.nanos = 120_000_000
      }
      $0.life = Google_Protobuf_Duration.with { $0.seconds = 90 }
      $0.extra = Google_Protobuf_Struct.with {
        $0.fields["a"] = .with { $0.kind = .boolValue(true) }
      }
      $0.bees = Google_Protobuf_Int32Value.with { $0.value = 3 }
      $0.genome = [0xff, 0, 1, 2]
      $0.poisonous = number % 2 == 0
      $0.root = .with { $0.name = "root" }
      $0.rings = [1, -2, 1 << 40]
      $0.parts = [.good, .poor]
      $0.weight = 0.25
      $0.planter = .person("Ada")
      $0.secret = "hidden"
    }
  }

  func getPlant(_ request: GetPlantRequest, context: ServerContext) async throws -> Plant {
    note("get \(request.id)")
    state.withLock {
      $0.running += 1
      $0.mostRunning = max($0.mostRunning, $0.running)
    }
    defer { state.withLock { $0.running -= 1 } }
    // Others of the same turn start meanwhile.
    await Task.yield()
    switch request.id {
    case "rootless": return .with { $0.id = "rootless" }
    case "odd":
      return .with {
        $0.id = "odd"
        $0.health = .init(rawValue: 99)
        $0.weights = [.infinity]
        $0.root = Bed()
      }
    case "nested":
      return .with {
        $0.id = "nested"
        $0.root = Bed()
        $0.neighbours = [Self.plant(1), .with { $0.id = "rootless" }]
        $0.bed = .with { $0.centre = .with { $0.id = "rootless" } }
      }
    case "metadata":
      return .with {
        $0.id = context.requestMetadata.first { $0.name == "x-garden" }.map { "\($0.value)" } ?? "none"
        $0.root = Bed()
      }
    default:
      guard let number = Int(request.id.dropFirst()), number <= 12 else {
        throw RPCError(
          .notFound, "there is no plant",
          details: [.errorInfo(reason: "PLANT_NOT_FOUND", domain: "garden", metadata: ["id": request.id])])
      }
      return Self.plant(number)
    }
  }

  func findPlant(_ request: FindPlantRequest, context: ServerContext) async throws -> Plant {
    note("find \(request.label)")
    return Self.plant(request.label.count)
  }

  /// Tokens are numbers; a page has at most five.
  func listPlants(_ request: ListPlantsRequest, context: ServerContext) async throws -> ListPlantsResponse {
    note("list \(request.pageSize) \(request.pageToken)")
    if request.pageSize < 0 {
      throw RPCError(
        .invalidArgument, "page_size is negative",
        details: [.badRequest([("page_size", "page_size is negative", "NEGATIVE")])])
    }
    let start = Int(request.pageToken) ?? 0
    let size = request.pageSize == 0 ? 5 : min(Int(request.pageSize), 5)
    let end = min(start + size, 12)
    return .with {
      $0.plants = (start..<end).map(Self.plant)
      $0.nextPageToken = end < 12 ? "\(end)" : ""
      $0.totalSize = 12
    }
  }

  func listBeds(_ request: ListBedsRequest, context: ServerContext) async throws -> ListBedsResponse {
    .with { $0.beds = ["a", "b"].map { name in .with { $0.name = name } } }
  }

  func createPlant(_ request: CreatePlantRequest, context: ServerContext) async throws -> Plant {
    note("create \(request.plantID)")
    guard let plant = request.plant, !plant.label.isEmpty else { throw RPCError(.invalidArgument, "no label") }
    return .with {
      $0 = plant
      $0.id = request.plantID
      $0.root = Bed()
    }
  }

  func updatePlant(_ request: UpdatePlantRequest, context: ServerContext) async throws -> UpdatePlantRequest {
    note("update \(request.updateMask?.paths.joined(separator: ",") ?? "")")
    return request
  }

  func deletePlant(_ request: GetPlantRequest, context: ServerContext) async throws -> DeletePlantResponse {
    note("delete \(request.id)")
    if request.id == "p9" { throw RPCError(.unavailable, "later", details: [.retryInfo(delay: .milliseconds(1500))]) }
    return DeletePlantResponse()
  }

  func unlock(_ request: UnlockRequest, context: ServerContext) async throws -> UnlockResponse {
    note("unlock \(request.code)")
    return .with { $0.tries = 1 }
  }

  func watchPlants(
    _ request: WatchPlantsRequest, responses: ResponseWriter<Plant>, context: ServerContext
  ) async throws {
    note("watch \(request.count)")
    for number in 0..<Int(request.count) { try await responses.write(Self.plant(number)) }
    if request.count == 3 { throw RPCError(.dataLoss, "a mole") }
  }

  func hidden(_ request: GetPlantRequest, context: ServerContext) async throws -> Plant { Plant() }
}
