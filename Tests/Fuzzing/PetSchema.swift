package import RPCGraphQL

/// A schema with every kind of type, for rules that contracts alone can't show: interfaces, for example.
package enum PetSchema {
  private typealias Field = SchemaField
  private typealias Input = SchemaInput

  private static func list(_ name: String) -> TypeReference { .list(.named(name)) }

  package static func make() throws -> Schema {
    try Schema([
      SchemaType(
        .interface, "Being", fields: [Field("name", .named("String"), arguments: [Input("surname", .named("Boolean"))])]
      ),
      SchemaType(
        .interface, "Pet", fields: [Field("name", .named("String"), arguments: [Input("surname", .named("Boolean"))])]),
      SchemaType(
        .object, "Dog",
        fields: [
          Field("name", .named("String"), arguments: [Input("surname", .named("Boolean"))]),
          Field("nickname", .named("String")), Field("barkVolume", .named("Int")), Field("barks", .named("Boolean")),
          Field("doesKnowCommand", .named("Boolean"), arguments: [Input("dogCommand", .named("DogCommand"))]),
          Field(
            "isHouseTrained", .named("Boolean"),
            arguments: [Input("atOtherHomes", .named("Boolean"), defaultValue: .boolean(true))]),
          Field(
            "isAtLocation", .named("Boolean"), arguments: [Input("x", .named("Int")), Input("y", .named("Int"))]),
          Field("mother", .named("Dog")), Field("owner", .named("Human")),
        ], interfaces: ["Being", "Pet"]),
      SchemaType(
        .object, "Cat",
        fields: [
          Field("name", .named("String"), arguments: [Input("surname", .named("Boolean"))]),
          Field("nickname", .named("String")), Field("meows", .named("Boolean")),
          Field("meowsVolume", .required("Int")), Field("furColor", .named("FurColor")),
        ], interfaces: ["Being", "Pet"]),
      SchemaType(.union, "CatOrDog", members: ["Cat", "Dog"]),
      SchemaType(
        .object, "Human",
        fields: [
          Field("name", .named("String"), arguments: [Input("surname", .named("Boolean"))]), Field("pets", list("Pet")),
          Field("relatives", .nonNull(.list(.required("Human")))), Field("id", .required("ID")),
        ], interfaces: ["Being"]),
      SchemaType(.object, "Alien", fields: [Field("iq", .named("Int")), Field("numEyes", .named("Int"))]),
      SchemaType(.union, "HumanOrAlien", members: ["Human", "Alien"]),
      SchemaType(.enumeration, "DogCommand", values: ["SIT", "HEEL", "DOWN"].map { SchemaValue($0) }),
      SchemaType(.enumeration, "FurColor", values: ["BROWN", "BLACK"].map { SchemaValue($0) }),
      SchemaType(.scalar, "Any"),
      SchemaType(
        .input, "ComplexInput",
        inputs: [
          Input("requiredField", .required("Boolean")),
          Input("nonNullField", .required("Boolean"), defaultValue: .boolean(false)),
          Input("intField", .named("Int")), Input("stringField", .named("String")),
          Input("booleanField", .named("Boolean")),
          Input("stringListField", list("String")), Input("inner", .named("ComplexInput")),
        ]),
      SchemaType(
        .object, "ComplicatedArgs",
        fields: [
          Field("intArgField", .named("String"), arguments: [Input("intArg", .named("Int"))]),
          Field("nonNullIntArgField", .named("String"), arguments: [Input("nonNullIntArg", .required("Int"))]),
          Field("stringArgField", .named("String"), arguments: [Input("stringArg", .named("String"))]),
          Field("booleanArgField", .named("String"), arguments: [Input("booleanArg", .named("Boolean"))]),
          Field("enumArgField", .named("String"), arguments: [Input("enumArg", .named("FurColor"))]),
          Field("floatArgField", .named("String"), arguments: [Input("floatArg", .named("Float"))]),
          Field("idArgField", .named("String"), arguments: [Input("idArg", .named("ID"))]),
          Field("anyArgField", .named("String"), arguments: [Input("anyArg", .named("Any"))]),
          Field("stringListArgField", .named("String"), arguments: [Input("stringListArg", list("String"))]),
          Field(
            "stringListNonNullArgField", .named("String"),
            arguments: [Input("stringListNonNullArg", .list(.required("String")))]),
          Field("complexArgField", .named("String"), arguments: [Input("complexArg", .named("ComplexInput"))]),
          Field(
            "multipleReqs", .named("String"),
            arguments: [Input("req1", .required("Int")), Input("req2", .required("Int"))]),
          Field(
            "nonNullFieldWithDefault", .named("String"),
            arguments: [Input("arg", .required("Int"), defaultValue: .int("0"))]),
        ]),
      SchemaType(
        .object, "Query",
        fields: [
          Field("human", .named("Human"), arguments: [Input("id", .named("ID"))]), Field("alien", .named("Alien")),
          Field("dog", .named("Dog")), Field("cat", .named("Cat")), Field("pet", .named("Pet")),
          Field("being", .named("Being")), Field("catOrDog", .named("CatOrDog")),
          Field("humanOrAlien", .named("HumanOrAlien")), Field("complicatedArgs", .named("ComplicatedArgs")),
        ]),
      SchemaType(
        .object, "Mutation", fields: [Field("feed", .named("Dog"), arguments: [Input("id", .required("ID"))])]),
      SchemaType(.object, "Subscription", fields: [Field("birth", .named("Pet")), Field("death", .named("Pet"))]),
    ])
  }
}
